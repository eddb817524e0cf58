package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code interdict replay} against the bundled recording, with the compiler that people have. */
class ReplayCommandTest {
  private static final Path RECORDING = Path.of("../policies/host-keys.irec");
  private static final String GUARD =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: guard}
      spec:
        hooks: [file_open]
        rules:
          - deny:
              file.path: {glob: /etc/ssh/ssh_host_*_key}
              process.exe.path: {notIn: [/usr/bin/ssh-keygen, /usr/sbin/sshd]}
            reason: "{process.exe.path} may not open {file.path}"
      """;

  @TempDir Path folder;

  private Path policy(String name, String yaml) throws IOException {
    Path policy = Files.createDirectories(folder.resolve(name));
    Files.writeString(policy.resolve("policy.yaml"), yaml);
    return policy;
  }

  private Cli replay(Path policy, String... more) {
    String[] words = {"replay", policy.toString(), "--against", RECORDING.toString()};
    String[] all = Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return Cli.run(all);
  }

  private static JsonNode json(Cli result) {
    return JsonMapper.shared().readTree(result.out());
  }

  private static int tuples(JsonNode json, String result) {
    return json.at("/results/" + result + "/tuples").asInt(-1);
  }

  @Test
  void whatIsNewlyDeniedIsToldByProgramAndRuleWithItsCounts() throws IOException {
    Path guard = policy("guard", GUARD);
    Cli table = replay(guard);
    assertEquals(ExitCode.NO, table.code(), table.err());
    assertTrue(
        table
            .out()
            .contains(
                """
                RESULT         TUPLES  ASKS
                newly denied   3       5
                newly allowed  0       0
                same           8       958
                cannot tell    0       0
                error          0       0
                """),
        table.out());
    assertTrue(
        table
            .out()
            .matches(
                "(?s).*\n/usr/bin/borg +\\{process.exe.path} may not open \\{file.path} +2 +4"
                    + " +file_open /etc/ssh/ssh_host_ed25519_key\n.*"),
        table.out());
    JsonNode json = json(replay(guard, "-o", "json"));
    assertFalse(json.get("passed").asBoolean());
    assertEquals(3, tuples(json, "newly-denied"));
    JsonNode first = json.at("/results/newly-denied/groups/0");
    assertEquals("/usr/bin/borg", first.get("program").asString());
    assertEquals(2, first.get("examples").size());
    assertEquals(
        "/etc/ssh/ssh_host_ed25519_key", first.at("/examples/0/seen/file.path").asString());
    assertEquals(ExitCode.OK, replay(guard, "--fail-on", "newly-allowed,cannot-tell,error").code());
    Cli wrong = replay(guard, "--fail-on", "newly");
    assertEquals(ExitCode.USAGE, wrong.code());
    assertTrue(wrong.err().contains("newly-denied, newly-allowed"), wrong.err());
  }

  @Test
  void theSamePolicyAsBaseGivesNoDifference() throws IOException {
    Path guard = policy("guard", GUARD);
    Path open = policy("open", GUARD.replace("/usr/sbin/sshd]", "/usr/sbin/sshd, /usr/bin/borg]"));
    Cli same = replay(guard, "--base", guard.toString(), "-o", "json");
    assertEquals(ExitCode.OK, same.code(), same.out());
    assertEquals(11, tuples(json(same), "same"));
    JsonNode less = json(replay(open, "--base", guard.toString(), "-o", "json"));
    assertEquals(2, tuples(less, "newly-allowed"));
    assertEquals(
        "{process.exe.path} may not open {file.path}",
        less.at("/results/newly-allowed/groups/0/rule").asString());
    JsonNode more = json(replay(guard, "--base", open.toString(), "-o", "json"));
    assertEquals(2, tuples(more, "newly-denied"));
  }

  /** The policy of the same name was in force: what it said then counts. */
  @Test
  void withoutABaseItIsComparedWithWhatWasSaidThen() throws IOException {
    String shadow =
        GUARD
            .replace("name: guard", "name: protect-shadow")
            .replace("{glob: /etc/ssh/ssh_host_*_key}", "/etc/shadow")
            .replace("/usr/bin/ssh-keygen", "/usr/bin/borg");
    JsonNode json = json(replay(policy("shadow", shadow), "-o", "json"));
    assertEquals(1, tuples(json, "newly-allowed"));
    assertEquals(10, tuples(json, "same"));
    assertEquals("/usr/bin/borg", json.at("/results/newly-allowed/groups/0/program").asString());
  }

  @Test
  void whatRestsOnAFactThatWasNotSeenCannotBeToldAndFails() throws IOException {
    Path uid =
        policy(
            "uid",
            GUARD.replace(
                "{glob: /etc/ssh/ssh_host_*_key}", "/etc/passwd\n        process.uid: 0"));
    Cli result = replay(uid, "-o", "json");
    assertEquals(ExitCode.NO, result.code(), result.out());
    assertEquals(11, tuples(json(result), "cannot-tell"));
    assertEquals(
        "process.uid was not seen",
        json(result).at("/results/cannot-tell/groups/0/rule").asString());
    Cli minded = replay(uid, "--fail-on", "newly-denied");
    assertEquals(ExitCode.OK, minded.code());
    assertTrue(
        minded.out().contains("nobody looked for their other names: /etc/passwd\n"), minded.out());
  }

  @Test
  void aPolicyThatIsAskedAboutNothingProvesNothing() throws IOException {
    Path exec = policy("exec", GUARD.replace("file_open", "exec"));
    Cli result = replay(exec);
    assertEquals(ExitCode.NO, result.code());
    assertTrue(result.out().contains("nothing was compared"), result.out());
  }

  /** Each difference is a case that policy test passes, with the facts that matter and no other. */
  @Test
  void differencesBecomeCasesThatPass() throws IOException {
    Path guard = policy("guard", GUARD);
    Path cases = guard.resolve("cases.yaml");
    Cli result = replay(guard, "--to-cases", cases.toString());
    assertTrue(result.out().contains(cases + ": 3 cases\n"), result.out());
    String text = Files.readString(cases);
    assertTrue(text.contains("path: /etc/ssh/ssh_host_rsa_key"), text);
    assertTrue(text.contains("path: /usr/bin/borg"), text);
    assertFalse(text.contains("inode") || text.contains("mode") || text.contains("uid"), text);
    Cli test = Cli.run("policy", "test", guard.toString());
    assertEquals(ExitCode.OK, test.code(), test.out());
    assertTrue(test.out().contains("3 cases: all passed"), test.out());
    Cli again = replay(guard, "--to-cases", cases.toString());
    assertEquals(ExitCode.REFUSED, again.code());
    assertTrue(again.err().contains("cannot write"), again.err());
  }

  @Test
  void aCutRecordingIsUsedAndAForeignOneRefused() throws IOException {
    Path guard = policy("guard", GUARD);
    byte[] whole = Files.readAllBytes(RECORDING);
    Path two = folder.resolve("two.irec");
    byte[] more = Arrays.copyOf(whole, whole.length + 20);
    System.arraycopy(whole, 0, more, whole.length, 20);
    Files.write(two, more);
    Cli cut = Cli.run("replay", guard.toString(), "--against", two.toString());
    assertTrue(cut.out().contains("was cut in block 3"), cut.out());
    assertTrue(cut.out().contains("newly denied   3 "), cut.out());
    Cli foreign =
        Cli.run("replay", guard.toString(), "--against", guard.resolve("policy.yaml").toString());
    assertEquals(ExitCode.REFUSED, foreign.code());
    assertTrue(
        foreign.err().contains("is no recording: it does not begin with IREC"), foreign.err());
  }
}
