package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.replay.JudgedPolicy;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    assertEquals(
        "error: cannot write %s: it exists already\n  name another file\n".formatted(cases),
        again.err());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cases)));
  }

  /** Before the work, not after it; and a replay that fails leaves no file. */
  @Test
  void theFileForCasesIsMadeFirst() throws IOException {
    Path guard = policy("guard", GUARD);
    Path there = Files.createFile(folder.resolve("there"));
    String none = folder.resolve("none").toString();
    Cli first =
        Cli.run("replay", guard.toString(), "--against", none, "--to-cases", there.toString());
    assertTrue(first.err().contains("cannot write " + there), first.err());
    assertTrue(Files.exists(there));
    Path cases = folder.resolve("cases.yaml");
    Cli failed =
        Cli.run("replay", guard.toString(), "--against", none, "--to-cases", cases.toString());
    assertTrue(failed.err().contains("there is no such file"), failed.err());
    assertFalse(Files.exists(cases));
  }

  private static Judged denied(int n, String reason) {
    return new Judged(
        Kind.NEWLY_DENIED,
        new Tuple(
            JsonMapper.shared()
                .readTree(
                    """
                    {"hook": "file_open", "access": ["read"], "file": {"path": "/etc/ssh/ssh_host_a_key"},
                     "process": {"pid": %d, "exe": {"path": "/usr/bin/cat", "dev": "0:0", "inode": 1}}}
                    """
                        .formatted(n)),
            Set.of("file.path", "process.exe.path", "process.pid"),
            Tuple.KnownAs.NOTHING,
            Tuple.KnownAs.NOTHING,
            Instant.EPOCH,
            Instant.EPOCH,
            1,
            Map.of(),
            false),
        List.of(reason));
  }

  @Test
  void ofAMillionAlikeNotEachIsLookedAtForCases() throws IOException {
    LocalPolicy local = LocalPolicy.of(Main.commandLine().getCommandSpec(), policy("guard", GUARD));
    try (JudgedPolicy guard = ReplayCommand.judged(local)) {
      ReplayCases cases = new ReplayCases(guard, 4);
      for (int i = 0; i < 10; i++) {
        cases.add(denied(i, "no"));
      }
      assertEquals("1 6", cases.size() + " " + cases.left());
    }
  }

  /**
   * Reasons may be as many as tuples: what is kept of them has a bound, what is counted has none.
   */
  @Test
  void ofAsManyReasonsAsTuplesOnlySomeAreKept() {
    ReplayReport report = new ReplayReport();
    for (int i = 0; i < 3000; i++) {
      report.judged(denied(i, i + " may not" + " long".repeat(2000)));
      report.gap(new Gap("why " + i, 1, Instant.EPOCH));
    }
    JsonNode tree =
        JsonMapper.shared().valueToTree(report.tree(new RecordingReader.Outcome(1, null)));
    assertEquals(3000, tuples(tree, "newly-denied"));
    JsonNode groups = tree.at("/results/newly-denied/groups");
    assertEquals(1001, groups.size());
    assertEquals("(others) 2000", groups.at("/0/rule").asString() + " " + groups.at("/0/tuples"));
    assertEquals(21, tree.get("missing").size());
    assertEquals(2980, tree.at("/missing/(others)").asInt());
    assertTrue(tree.toString().length() < 10 << 20, "" + tree.toString().length());
  }

  /** A file from somebody else may have any number of tuples, and say any number of asks. */
  @Test
  void whatIsKeptOfTuplesHasABoundAndNoSumTurnsRound() {
    ReplayReport report = new ReplayReport(2000);
    for (int i = 0; i < 2500; i++) {
      report.outside(asked(i, Long.MAX_VALUE));
      report.gap(new Gap("queue", Long.MAX_VALUE, Instant.EPOCH));
    }
    for (int i = 0; i < 1500; i++) {
      report.judged(new Judged(Kind.NEWLY_DENIED, asked(i, Long.MAX_VALUE), List.of("no")));
    }
    JsonNode tree =
        JsonMapper.shared().valueToTree(report.tree(new RecordingReader.Outcome(1, null)));
    assertEquals(2000, tree.get("notAskedAbout").asInt());
    assertEquals(Long.MAX_VALUE, tree.at("/missing/queue").asLong());
    JsonNode denied = tree.at("/results/newly-denied");
    assertEquals(1000, denied.get("tuples").asInt(), "some of each kind");
    assertTrue(denied.get("more").asBoolean());
    assertEquals(Long.MAX_VALUE, denied.get("asks").asLong());
    assertEquals(Long.MAX_VALUE, denied.at("/groups/0/asks").asLong());
    assertEquals(1000, denied.at("/groups/0/tuples").asInt());
    StringWriter text = new StringWriter();
    report.table(
        new PrintWriter(text, true), new Style(false, false), new RecordingReader.Outcome(1, null));
    assertTrue(text.toString().contains("not asked about at least 2000 tuples"), text.toString());
    assertTrue(text.toString().contains("newly denied   at least 1000"), text.toString());

    ReplayReport few = new ReplayReport(1000);
    for (int i = 0; i < 1100; i++) {
      few.outside(asked(i % 1000, 1));
    }
    few.table(
        new PrintWriter(text, true), new Style(false, false), new RecordingReader.Outcome(1, null));
    assertTrue(text.toString().contains("not asked about 1000 tuples"), "none was new");
  }

  private static Tuple asked(int n, long asks) {
    Tuple one = denied(n, "").tuple();
    return new Tuple(
        one.input(),
        one.seen(),
        one.file(),
        one.exe(),
        one.first(),
        one.last(),
        asks,
        one.answers(),
        one.detour());
  }

  /** A check in a pipeline must not pass on half a recording. */
  @Test
  void whatIsNotInTheRecordingCanFailTheCheck() throws IOException {
    Path guard = policy("guard", GUARD);
    byte[] whole = Files.readAllBytes(RECORDING);
    int border = 80 + ByteBuffer.wrap(whole).getInt(8);
    int tuples = 80 + ByteBuffer.wrap(whole, border, 80).getInt(border + 8);
    assertEquals(whole.length, border + tuples, "two blocks");
    Path cut = Files.write(folder.resolve("cut.irec"), Arrays.copyOf(whole, border));
    for (String minded : List.of("newly-denied", "newly-denied,cut")) {
      String[] words = {"replay", guard.toString(), "--fail-on", minded, "--against"};
      String[] all = Arrays.copyOf(words, words.length + 1);
      all[words.length] = cut.toString();
      assertTrue(Cli.run(all).out().contains("has no end after its 1 blocks"));
    }
    ReplayReport report = new ReplayReport();
    report.gap(new Gap("bound", 0, Instant.EPOCH));
    var ended = new RecordingReader.Outcome(2, null);
    assertTrue(ReplayCommand.Result.MISSING.isIn(report, ended));
    assertFalse(ReplayCommand.Result.CUT.isIn(report, ended));
    assertTrue(ReplayCommand.Result.CUT.isIn(report, new RecordingReader.Outcome(2, "cut")));
    assertFalse(ReplayCommand.Result.MISSING.isIn(new ReplayReport(), ended));
    StringWriter text = new StringWriter();
    report.table(new PrintWriter(text, true), new Style(false, false), ended);
    assertTrue(
        text.toString()
            .contains("missing in the recording: at least 0 asks, the oldest of too much"),
        text.toString());
  }

  /** The one change is what becomes of packets that cannot be read: no tuple shows it. */
  @Test
  void whatNoRecordingHasIsToldAndFails() throws IOException {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: net}
        spec:
          hooks: [socket_connect, file_open]
          unparsed: pass
          rules:
            - deny: {socket.address: 10.0.0.1}
              reason: no
        """;
    Path pass = policy("pass", yaml);
    Path drop = policy("drop", yaml.replace("unparsed: pass", "unparsed: drop"));
    Cli same = replay(drop, "--base", drop.toString());
    assertEquals(ExitCode.OK, same.code(), same.out() + same.err());
    Cli differs = replay(drop, "--base", pass.toString());
    assertEquals(ExitCode.NO, differs.code(), differs.out() + differs.err());
    assertTrue(
        differs.out().contains("newly refused, and in no recording: sockets that"), differs.out());
    assertFalse(differs.out().contains("packets"), differs.out());
    JsonNode unread = json(replay(drop, "--base", pass.toString(), "-o", "json")).get("unread");
    assertEquals("{\"newly-refused\":[\"socket_connect\"]}", unread.toString());
    Cli fresh = replay(drop);
    assertEquals(ExitCode.OK, fresh.code(), fresh.out() + fresh.err());
    assertTrue(fresh.out().contains("refused, and in no recording"), fresh.out());
  }

  @Test
  void aCutRecordingIsUsedAndAForeignOneRefused() throws IOException {
    Path guard = policy("guard", GUARD);
    byte[] whole = Files.readAllBytes(RECORDING);
    Path two = folder.resolve("two.irec");
    Files.write(two, Arrays.copyOf(whole, whole.length + 2));
    byte[] more = Files.readAllBytes(two);
    System.arraycopy(whole, 0, more, whole.length, 2);
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
