package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The demo checks itself; so it is a test. */
@Tag("lsm")
@Tag("demo")
final class DemoIT {
  @Test
  void everythingIsAsTheDemoPromisesAndNothingIsLeft() throws IOException {
    assumeTrue(
        Files.exists(Path.of("/run/vm/command")),
        "only in the virtual machine; run it with cli/test");
    for (String name : Demo.POLICIES) {
      remember(name);
    }
    StringWriter out = new StringWriter();
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(out))
            .execute("demo");

    assertEquals(ExitCode.OK, code, out::toString);
    assertTrue(out.toString().contains("All of it as promised"), out::toString);
    assertFalse(Files.exists(Path.of("/sys/fs/bpf/interdict-demo")));
    assertFalse(Files.exists(Path.of("/sys/fs/cgroup/interdict-demo")));
    assertFalse(Files.exists(DemoStage.FOLDER));
  }

  /** To compile takes minutes in an emulated machine. */
  static void remember(String name) throws IOException {
    try (InputStream in = DemoIT.class.getResourceAsStream("/" + name + ".zip")) {
      RegoCompiler.inProcess(RegoCompiler.defaultCache())
          .remember(CompiledPolicyFile.fromBytes(in.readAllBytes()));
    }
  }
}
