package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A command under a policy, on a real kernel; with the policy of the demo. */
@Tag("lsm")
@Tag("demo")
final class TryIT {
  static final String NOTHING = "try-nothing";

  static final String NOTHING_AT_ALL =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: try-nothing}
      spec:
        hooks: [file_open]
        rules:
          - deny: {access: read}
            reason: "nothing"
      """;

  private final StringWriter out = new StringWriter();
  private Path policy;

  @BeforeEach
  void files() throws IOException {
    assumeTrue(
        Files.exists(Path.of("/run/vm/command")),
        "only in the virtual machine; run it with cli/test");
    DemoIT.remember("demo-files");
    Path secrets = Files.createDirectories(DemoStage.FOLDER.resolve("secrets"));
    Files.writeString(secrets.resolve("token"), "the secret\n");
    Files.writeString(DemoStage.FOLDER.resolve("notes"), "nothing special\n");
    policy = Files.write(DemoStage.FOLDER.resolve("policy.yaml"), Demo.yaml("demo-files"));
  }

  @AfterEach
  void gone() throws IOException {
    DemoStage.delete(DemoStage.FOLDER);
  }

  private int tried(String... command) {
    String[] words = new String[command.length + 4];
    System.arraycopy(new String[] {"try", "--here", policy.toString(), "--"}, 0, words, 0, 4);
    System.arraycopy(command, 0, words, 4, command.length);
    return Main.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(out))
        .execute(words);
  }

  @Test
  void whatIsRefusedMustBeToldWithTheReasonAndTheRestMustWork() {
    String token = DemoStage.FOLDER.resolve("secrets/token").toString();
    assertEquals(ExitCode.NO, tried("cat", token), out::toString);
    String told = out.toString();
    assertTrue(told.contains("  1 x file_open read " + token + " by /usr/bin/cat"), told);
    assertTrue(told.contains("because: "), told);
    assertFalse(told.contains("notIn"), "the rule has that condition already: " + told);
    assertFalse(told.contains("(exit 0)"), told);

    // What it leaves running keeps nobody from his answer.
    out.getBuffer().setLength(0);
    int code = tried("sh", "-c", "cat " + DemoStage.FOLDER + "/notes; sleep 1000 & exit 3");
    assertEquals(ExitCode.OK, code, out::toString);
    assertTrue(out.toString().contains("(exit 3)"), out::toString);
    assertTrue(out.toString().contains("nothing was refused"), out::toString);
    assertFalse(Files.exists(Path.of("/sys/fs/bpf/interdict-try")), "nothing is left");
    assertFalse(Files.exists(Path.of("/sys/fs/cgroup/interdict-try")), "nothing is left");
  }

  /** It covers the whole host, and refuses what it takes to start any program. */
  @Test
  void aPolicyThatRefusesEverythingMustRefuseTheCommandAndNothingElse() throws IOException {
    DemoIT.remember(NOTHING);
    Files.writeString(policy, NOTHING_AT_ALL);
    assertEquals(ExitCode.NO, tried("true"), out::toString);
    assertTrue(out.toString().contains("because: nothing"), out::toString);
    assertFalse(out.toString().contains("(exit 0)"), out::toString);
    assertEquals("nothing special\n", Files.readString(DemoStage.FOLDER.resolve("notes")));
  }
}
