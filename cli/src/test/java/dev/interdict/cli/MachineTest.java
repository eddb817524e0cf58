package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class MachineTest {
  @Test
  void whatTheMachineItselfSaysMustBeOneOfTheExitCodes() {
    assertEquals(ExitCode.TIMEOUT, Machine.exitCode(124));
    assertEquals(ExitCode.REFUSED, Machine.exitCode(125));
    assertEquals(ExitCode.NO, Machine.exitCode(ExitCode.NO));
  }

  @Test
  void aTimeoutThatIsNoneMustBeRefused() {
    for (String seconds : new String[] {"0", "-1"}) {
      assertEquals(
          ExitCode.USAGE,
          Main.commandLine()
              .setErr(new java.io.PrintWriter(new java.io.StringWriter()))
              .execute("try", "/nowhere", "--timeout=" + seconds, "--", "true"));
    }
  }
}
