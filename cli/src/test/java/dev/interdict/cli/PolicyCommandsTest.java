package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that work on a policy on disk, without engine and root. */
class PolicyCommandsTest {
  static final String VALID =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: shadow}
      spec:
        hooks: [file_open]
        rules:
          - deny:
              file.path: /etc/shadow
            reason: not yours
      """;

  @TempDir Path directory;

  @Test
  void everyErrorMustComeWithItsLineAndAMark() throws IOException {
    Path policy =
        write(
            """
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: shadow}
            spec:
              hooks: [file_opne]
              onMis: hold
              rules:
                - deny:
                    file.path: /etc/shadow
                  reason: not yours
            """);

    Cli show = Cli.run("policy", "show", policy.toString());
    assertEquals(ExitCode.INVALID_POLICY, show.code());
    assertTrue(show.err().contains("error: " + policy + ":5:11: unknown hook"), show.err());
    assertTrue(
        show.err().contains("    5 |   hooks: [file_opne]\n      |           ^\n"), show.err());
    assertTrue(show.err().contains(":6:3: "), show.err());
    assertTrue(show.err().endsWith("error: 2 errors; nothing was changed\n"), show.err());
  }

  @Test
  void aPolicyThatIsNotThereMustBeAnError() {
    Cli show = Cli.run("policy", "show", directory.resolve("no.yaml").toString());

    assertEquals(ExitCode.INVALID_POLICY, show.code());
    assertTrue(show.err().contains("no.yaml does not exist"), show.err());
  }

  @Test
  void showMustFillInTheDefaults() throws IOException {
    String out = Cli.run("policy", "show", write(VALID).toString()).out();

    assertTrue(out.contains("mode         audit\n"), out);
    assertTrue(out.contains("onMiss       hold\n"), out);
    assertTrue(out.contains("budget       none\n"), out);
  }

  @Test
  void showMustPrintTheRegoThatTheRulesBecome() throws IOException {
    String out = Cli.run("policy", "show", "--rego", write(VALID).toString()).out();

    assertTrue(out.contains("package interdict.policies.shadow\n"), out);
    assertTrue(out.contains("input.file.path"), out);
  }

  @Test
  void newMustRefuseWhatIsThereAndWhatIsNoName() {
    Path folder = directory.resolve("my-policy");

    Cli made = Cli.run("policy", "new", folder.toString());
    assertEquals(folder + " made\nnext: interdict policy test " + folder + "\n", made.out());
    assertEquals(ExitCode.REFUSED, Cli.run("policy", "new", folder.toString()).code());
    assertEquals(
        ExitCode.USAGE, Cli.run("policy", "new", directory.resolve("My").toString()).code());
    assertEquals(ExitCode.OK, Cli.run("policy", "show", folder.toString()).code());
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("p.yaml"), yaml);
  }
}
