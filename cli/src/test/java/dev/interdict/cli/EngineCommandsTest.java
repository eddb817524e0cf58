package dev.interdict.cli;

import static dev.interdict.testkit.TinyBuilder.folder;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.admin.AdminBackend;
import dev.interdict.admin.AdminConfig;
import dev.interdict.admin.AdminServer;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.control.Unit;
import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.decisions.Explanation;
import dev.interdict.decisions.Explanation.Answer;
import dev.interdict.decisions.Explanation.Asked;
import dev.interdict.decisions.Explanation.Held;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.recording.Recorder;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import dev.interdict.verdict.KeyMask;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands that talk to an engine, against a real admin server over a fake of enforcement. */
@Timeout(60)
class EngineCommandsTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.250Z");
  private static final TimeZone ZONE = TimeZone.getDefault();

  private static final Event EVENT = Events.open("/usr/bin/cat", 33, "/etc/shadow");

  private static final String SHADOW =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata:
        name: shadow
      spec:
        hooks: [file_open]
        rules:
          - deny:
              file.path: /etc/shadow
            reason: not yours
      """;

  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private final DecisionLog log = new DecisionLog();
  private final Workers workers = new Workers(lost -> {});
  private final Map<Integer, Comparison> comparisons = new HashMap<>();
  private Function<Kept, Explanation> explanation;
  private PolicyControl control;
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    TimeZone.setDefault(TimeZone.getTimeZone(ZoneOffset.UTC));
    control =
        new PolicyControl(
            new TinyBuilder(),
            kernel,
            new StateStore(directory.resolve("state")),
            Clock.fixed(NOON, ZoneOffset.UTC));
    server =
        AdminServer.start(
            new AdminConfig(socket(), AdminConfig.defaults().uids()),
            new AdminBackend(
                control,
                Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers),
                kernel::snapshot,
                log,
                kept -> explanation.apply(kept),
                recorder(),
                comparisons::get,
                () -> true,
                () -> workers.health().toList(),
                List::of,
                "0.0-test",
                NOON));
  }

  private Recorder recorder() {
    return Recorder.start(
        directory.resolve("state"),
        HostNames.NONE,
        (hook, set) -> KeyMask.none(),
        "0.0-test",
        new Workers(worker -> {}));
  }

  @AfterEach
  void stop() {
    server.close();
    TimeZone.setDefault(ZONE);
  }

  @Test
  void anEmptyListMustNameTheNextCommand() {
    assertEquals(
        """
        no policies
        next: interdict policy new my-policy
        """,
        run("policy", "list").out());
  }

  @Test
  void theListMustShowModesCountersAndHooks() {
    apply("name=a\nmode=enforce");
    apply("name=b\nhooks=exec,file_open");

    assertEquals(
        """
        NAME  MODE     HOOKS           DENIED  WOULD-DENY  FALLBACK  APPLIED
        a     enforce  file_open       2       3           1         2026-03-01T12:00:00Z
        b     audit    exec,file_open  0       0           0         2026-03-01T12:00:00Z
        """,
        run("policy", "list").out());
  }

  @Test
  void jsonAndYamlMustTellTheSame() {
    apply("name=a\nmode=enforce");

    JsonNode json = JsonMapper.shared().readTree(run("policy", "list", "-o", "json").out());
    Object yaml = new Yaml().load(run("policy", "list", "-o", "yaml").out());
    assertEquals(1, json.get("schemaVersion").asInt());
    assertEquals("enforce", json.at("/policies/0/mode/effective").asString());
    assertEquals("2026-03-01T12:00:00.250Z", json.at("/policies/0/applied").asString());
    assertEquals(2, json.at("/policies/0/counters/denied").asInt());
    assertEquals("high", json.at("/policies/0/labels/severity").asString());
    assertEquals(JsonMapper.shared().valueToTree(yaml), json);
  }

  @Test
  void whatWasChangedMustBeToldComparedAndBroughtBack() throws IOException {
    assertEquals("no changes\n", run("history").out());
    apply("name=a\ncode=1");
    apply("name=a\ncode=2");
    assertEquals(
        """
        a replaced: revision 3 is in force
        next: interdict diff a
        """,
        run("rollback", "a", "-m", "two was a mistake").out());
    run("mode", "set", "audit", "-m", "an emergency\nof mine");
    run("policy", "delete", "a", "--message", "no longer");
    String by = "uid " + AdminConfig.defaults().uids().iterator().next() + ", pid ";
    assertEquals(
        """
        ID  TIME                  POLICY  CHANGE              BY      OUTCOME  MESSAGE
        1   2026-03-01T12:00:00Z  a       revision 1 applied  engine  done
        2   2026-03-01T12:00:00Z  a       revision 2 applied  engine  done
        3   2026-03-01T12:00:00Z  a       revision 3 applied  me      done     rollback to revision 1: two was a mistake
        4   2026-03-01T12:00:00Z  (host)  mode audit          me      done     an emergency\\nof mine
        5   2026-03-01T12:00:00Z  a       deleted             me      done     no longer
        """,
        run("history", "a")
            .out()
            .replaceAll("20[0-9-]+T[0-9:]+Z", "2026-03-01T12:00:00Z")
            .replaceAll(by + "[0-9]+", "me")
            .replaceAll("BY +OUT", "BY      OUT")
            .replaceAll("engine +done", "engine  done")
            .replaceAll("me +done", "me      done"));
    assertEquals(
        """
        --- policy.yaml (revision 1)
        +++ policy.yaml (revision 2)
        @@ -1,2 +1,2 @@
         name=a
        -code=1
        +code=2
        """,
        run("diff", "a", "1", "2").out());
    assertEquals("9 lines, all as they were written\n", run("history", "--verify").out());
    Path file = directory.resolve("state/history.jsonl");
    Files.writeString(file, Files.readString(file).replace("mistake", "success"));
    Cli verified = run("history", "--verify");
    assertEquals(1, verified.code());
    assertEquals(
        "not as it was written: what was before line 6 was changed or is gone\n", verified.out());
    assertEquals(5, run("rollback", "a", "--to", "9").code());
    assertEquals(1, run("rollback", "b").code());
  }

  @Test
  void modesMustSwitchAndSayWhatMadeThemSo() {
    apply("name=a");

    assertEquals(
        """
        POLICY  MODE           POLICY.YAML  SET
        a       enforce (set)  audit        enforce
        next: interdict watch
        """,
        run("mode", "set", "enforce", "a").out());
    assertEquals(
        """
        host: audit
        POLICY  MODE          POLICY.YAML  SET
        a       audit (host)  audit        enforce
        next: interdict watch
        """,
        run("mode", "set", "audit").out());
    run("mode", "set", "enforce");
    run("mode", "set", "default", "a");
    assertEquals(
        """
        host: enforce
        POLICY  MODE   POLICY.YAML  SET
        a       audit  audit        -
        """,
        run("mode", "get").out());
    assertEquals(ExitCode.USAGE, run("mode", "set", "default").code());
  }

  @Test
  void whatIsToBeConfirmedMustSayHow() {
    apply("name=a");
    String undone = "undone at 2026-03-01T12:10:00Z, unless you: interdict confirm 2\n";

    String switched = run("mode", "set", "enforce", "a", "--confirm-within", "10m").out();
    assertTrue(switched.contains("\n" + undone), switched);
    String status = run("status").out();
    assertTrue(status.contains("\nwaiting   change 2, a mode enforce: " + undone), status);
    String history = run("history").out();
    assertTrue(history.contains("under way or waiting"), history);
    Cli second = run("mode", "set", "audit", "--confirm-within", "10m");
    assertEquals(ExitCode.REFUSED, second.code());
    assertTrue(second.err().contains("interdict confirm 2, or interdict cancel 2"), second.err());

    assertEquals(
        "change 2 is undone: what was before is in force\n",
        run("cancel", "2", "-m", "not yet").out());
    assertEquals(Mode.AUDIT, control.modes().getFirst().effective());
    run("mode", "set", "enforce", "a", "--confirm-within", "10m");
    assertEquals("change 3 stays\n", run("confirm", "3", "-m", "looked at it").out());
    assertTrue(control.history().entries(null, 1).getFirst().outcome().endsWith(": looked at it"));
    assertEquals(Mode.ENFORCE, control.modes().getFirst().effective());
    assertFalse(run("status").out().contains("waiting"));
    assertEquals(ExitCode.REFUSED, run("confirm", "3").code());
  }

  /**
   * Each command by which a policy begins to refuse says what it would refuse, and how to go on.
   */
  @Test
  void whatWouldLockAnOperatorOutMustBeMeant() throws IOException {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    String policy = write(SHADOW.replace("spec:", "spec:\n  mode: enforce")).toString();
    assertLockout("shadow", "policy", "apply", policy);
    apply("name=a");
    assertLockout("a", "mode", "set", "enforce", "a");
    Cli other = run("mode", "set", "enforce", "a", "--accept-lockout", "b");
    assertEquals(ExitCode.USAGE, other.code());
    assertTrue(other.err().contains("names b, and this is about a"), other.err());
    assertEquals(0, run("mode", "set", "enforce", "a", "--accept-lockout", "a").code());
    run("mode", "set", "audit");
    assertLockout("a", "mode", "set", "enforce");
    assertEquals(0, run("mode", "set", "enforce", "--accept-lockout", "a").code());
    control.apply(folder("name=a\ncode=2"), null, false, null, true);
    assertLockout("a", "rollback", "a");
    assertEquals(0, run("rollback", "a", "--accept-lockout", "a").code());
    control.candidates().apply(folder("name=a\ncode=4"), null, false);
    assertLockout("a", "candidate", "promote", "a");
    assertEquals(0, run("candidate", "promote", "a", "--accept-lockout", "a").code());
    assertEquals(0, run("policy", "apply", policy, "--accept-lockout", "shadow").code());
    assertEquals(
        ExitCode.USAGE,
        run("policy", "apply", "--candidate", policy, "--accept-lockout", "shadow").code());
  }

  private void assertLockout(String name, String... words) {
    Cli refused = run(words);
    assertEquals(ExitCode.REFUSED, refused.code());
    assertTrue(
        refused.err().contains("PID 1 starts sshd")
            && refused.err().contains("--accept-lockout " + name),
        refused.err());
  }

  @Test
  void whoAsksForACandidateThatIsNotThereMustBeToldWhatThereIs() {
    apply("name=a");
    assertEquals(
        "error: there is no candidate of \"a\"\n  see: interdict candidate list\n",
        run("candidate", "show", "a").err());
    control.candidates().apply(folder("name=a\ncode=2"), null, false);
    Cli other = run("candidate", "promote", "a", "--revision", "7", "--beside", "1");
    assertEquals(ExitCode.REFUSED, other.code());
    assertTrue(other.err().contains("revision 2 is there, not 7"), other.err());
    assertEquals(ExitCode.REFUSED, run("candidate", "drop", "a", "--revision", "7").code());
  }

  @Test
  void aCandidateMustBeShownWithWhatItWouldChange() {
    apply("name=a");
    assertEquals(
        """
        no candidates
        next: interdict policy apply --candidate my-policy/
        """,
        run("candidate", "list").out());
    control.candidates().apply(folder("name=a\ncode=2"), null, false);
    String none = run("candidate", "show", "a").out();
    assertEquals(
        """
        a: candidate 2 beside revision 1
        it would have denied 0 attempts
        next: interdict rollout start a --revision 2 --beside 1 --steps 10%:10m,50%:10m,100%
        or:   interdict candidate promote a --revision 2 --beside 1 --confirm-within 10m
        """,
        none);
    int slot = control.candidates().get("a").policy().slot();
    comparisons.put(
        slot,
        new Comparison(
            NOON,
            7,
            4,
            1,
            0,
            3,
            List.of(
                difference(Comparison.Kind.NEWLY_ALLOWED, "/etc/hosts", 1),
                difference(Comparison.Kind.NEWLY_DENIED, "/tmp/\u001b[31m", 4)),
            Map.of(Comparison.Kind.NEWLY_DENIED, 2L),
            12,
            0,
            0,
            0));
    assertEquals(
        """
        a: candidate 2 beside revision 1
        since 2026-03-01T12:00:00Z: 7 alike, 4 newly denied, 1 newly allowed, 0 undecided
        3 of tasks whose cgroup had gone before anybody looked: not compared
        it would have denied 0 attempts
        DIFFERENCE     ASKED  HOOK       PROGRAM       OBJECT           WHY
        newly denied   4      file_open  /usr/bin/cat  /tmp/\\u{1b}[31m  not yours
        newly allowed  1      file_open  /usr/bin/cat  /etc/hosts       not yours
        and 2 questions of keys that no example was kept of
        next: interdict rollout start a --revision 2 --beside 1 --steps 10%:10m,50%:10m,100%
        or:   interdict candidate promote a --revision 2 --beside 1 --confirm-within 10m
        """,
        run("candidate", "show", "a").out());
    assertTrue(
        run("candidate", "show", "a", "--limit", "1").out().contains("\nand 1 more: --limit"));
    String json = run("candidate", "show", "a", "-o", "json").out();
    assertTrue(json.contains("\"kind\" : \"newly_allowed\""), json);
    String list = run("candidate", "list").out();
    assertTrue(list.matches("(?s).*\na +2 +1 +7 +4 +1 +0 +2026-03-01T12:00:00Z\n"), list);
  }

  private static Comparison.Difference difference(Comparison.Kind kind, String object, long asked) {
    DecisionRecord example =
        new DecisionRecord(
            0,
            NOON,
            Outcome.WOULD_DENY,
            Hook.FILE_OPEN,
            1,
            new Subject(1, 1, 1, 0, 0, "cat", "/usr/bin/cat", "/", Workload.NONE),
            object,
            List.of(new Finding("a", false, List.of("not yours"), List.of(), List.of())),
            false,
            false,
            -1);
    return new Comparison.Difference(kind, example, asked);
  }

  @Test
  void aCandidateMustBePromotedOrDropped() {
    apply("name=a");
    control.candidates().apply(folder("name=a\ncode=2"), null, false);
    String promoted =
        run("candidate", "promote", "a", "-m", "it is quiet", "--confirm-within", "10m").out();
    assertEquals(
        """
        a: revision 2 is in force, in audit
        undone at 2026-03-01T12:10:00Z, unless you: interdict confirm 3
        next: interdict watch --policy a
        """,
        promoted);
    assertEquals("it is quiet", control.leases().pending().by().why());
    run("cancel", "3");
    Cli gone = run("candidate", "drop", "a");
    assertEquals(ExitCode.NO, gone.code());
    assertTrue(gone.err().contains("no candidate of \"a\""), gone.err());
    control.candidates().apply(folder("name=a\ncode=3"), null, false);
    assertEquals(
        "the candidate of a is dropped\n", run("candidate", "drop", "a", "-m", "no").out());
    String history = run("history").out();
    assertTrue(history.contains("revision 2 is a candidate"), history);
    assertTrue(history.matches("(?s).* candidate \\d dropped .* no\n.*"), history);
  }

  @Test
  void aRolloutMustBeStartedShownAndEnded() {
    assertEquals(
        """
        no rollout is under way
        next: interdict history says what became of the last one
        """,
        run("rollout", "status").out());
    apply("name=a\nmode=enforce");
    control.candidates().apply(folder("name=a\nmode=enforce\ncode=2"), null, false);
    kernel.units =
        List.of(
            new Unit("/one", 3.5, true),
            new Unit("/two", 10, true),
            new Unit("/none", 20, false),
            new Unit("/three", 70, true));
    String started =
        run(
                "rollout",
                "start",
                "a",
                "--steps",
                "10%:10m, 50%:1h,100%",
                "--gate",
                "fallbacks=3",
                "-m",
                "slowly")
            .out();
    assertEquals(
        """
        rollout   a: revision 2 in place of 1, 10 % (step 1 of 3)
        steps     10 % for 10m, 50 % for 1h, 100 %
        """,
        started.substring(0, started.indexOf("by ")));
    assertTrue(started.contains(", change 3: slowly\nends      in 1h10m, unless"), started);
    assertTrue(
        started.contains(
            """
            GATE                 OUTCOME       MEASURED  LIMIT  WHY
            newly-denied-keys    inconclusive  0         0      0, but 0 of 100 keys were judged
            """),
        started);
    assertTrue(started.contains("\nfallbacks            inconclusive  0         3 "), started);
    assertTrue(
        started.endsWith(
            """
            UNIT           REFUSES NOW  NEXT STEP
            /one           candidate    candidate
            /two           policy       candidate
            /none (empty)  policy       candidate
            /three         policy       policy
            1 of 3 units have the candidate, 1 empty
            next: interdict rollout advance|pause|abort a
            """),
        started);
    assertTrue(
        run("status")
            .out()
            .contains("rollout   a, in 10 % of the units: interdict rollout status\n"));
    String json = run("rollout", "status", "-o", "json").out();
    assertTrue(json.contains("\"outcome\" : \"inconclusive\""), json);
    assertTrue(run("rollout", "status", "b").out().startsWith("no rollout"));
    assertTrue(run("rollout", "pause", "a").out().contains("(step 1 of 3), pauses\n"));
    assertFalse(run("rollout", "resume", "a").out().contains("pauses"));
    Cli early = run("rollout", "advance", "a");
    assertEquals(ExitCode.REFUSED, early.code());
    assertTrue(early.err().contains("advance --now"), early.err());
    assertTrue(run("rollout", "advance", "a", "--now").out().contains("50 % (step 2 of 3)"));
    assertEquals(
        "rollout of a aborted; its candidate refuses nothing\n",
        run("rollout", "abort", "a").out());
    String history = run("history", "a").out();
    assertTrue(history.contains("rollout of revision 2"), history);
    assertTrue(history.contains("50 %, step 2 of 3"), history);
    assertTrue(history.contains("gates skipped by uid"), history);
    String nobody = run("rollout", "start", "a", "--steps", "3%:1m,100%").out();
    assertTrue(nobody.contains("0, but no unit on the candidate's side, of 3"), nobody);
    run("rollout", "abort", "a");
    String anyway = run("rollout", "start", "a", "--steps", "3%:1m,100%", "--min-units=0").out();
    assertTrue(anyway.contains("0, but 0 of 100 keys were judged"), anyway);
  }

  @Test
  void aPlanThatCannotBeFollowedMustBeRefused() {
    for (String steps : List.of("10", "10%:soon,100%", "x%", "10%:10m;100%", "1000%:1m")) {
      Cli wrong = run("rollout", "start", "a", "--steps", steps);
      assertEquals(2, wrong.code(), steps);
      assertTrue(wrong.err().contains("' is no "), wrong.err());
    }
    assertEquals(2, run("rollout", "start", "a").code());
    assertTrue(
        run("rollout", "start", "a", "--steps", "50%:1m,100%", "--accept-lockout", "b")
            .err()
            .contains("names b, and this is about a"));
    assertTrue(
        run("rollout", "start", "a", "--steps", "50%:1m,100%", "--min-units=-1")
            .err()
            .contains("--min-units is -1"));
    assertTrue(
        run("rollout", "start", "a", "--steps", "50%:1m,100%", "--gate", "luck=1")
            .err()
            .contains("\"luck\" is no gate"));
    assertTrue(
        run("rollout", "start", "a", "--steps", "50%:1m,20%:1m,100%")
            .err()
            .contains("20% after 50%"));
    assertTrue(
        run("rollout", "start", "a", "--steps", "50%:1m,100%")
            .err()
            .contains("no candidate of \"a\""));
  }

  @Test
  void aTimeThatIsNoneMustBeRefused() {
    Cli soon = run("mode", "set", "audit", "--confirm-within", "soon");
    assertEquals(2, soon.code());
    assertTrue(soon.err().contains("'soon' is no time such as 90s, 10m, 1h"), soon.err());
    for (String time : List.of("2d", "900ms")) {
      Cli far = run("mode", "set", "audit", "--confirm-within", time);
      assertTrue(far.err().contains("must be from 1 s to 1 day"), far.err());
    }
    assertEquals(Mode.ENFORCE, control.hostMode());
  }

  @Test
  void breakGlassMustSayThatThereIsNothingToBreak() {
    String empty = directory.toString();
    Cli nothing = run("break-glass", "--reason", "x", "--pins", empty + "/pins", "--state", empty);
    assertEquals(ExitCode.REFUSED, nothing.code());
    assertTrue(nothing.err().contains("nothing is in the kernel"), nothing.err());
    assertEquals(2, run("break-glass", "--reason", "x", "--minutes", "0").code());
    assertEquals(2, run("break-glass").code());
  }

  @Test
  void aTrippedBudgetMustShowAndBeReset() {
    apply("name=a\nmode=enforce");
    kernel.tripped = SlotSet.of(0);

    assertTrue(run("mode", "get").out().contains("audit (budget tripped)"));
    Cli reset = run("mode", "reset", "a");
    assertEquals("a: enforce, with a new budget\nnext: interdict watch --policy a\n", reset.out());
    assertEquals(ExitCode.REFUSED, run("mode", "reset", "a").code());
    kernel.alarmed = SlotSet.of(0);
    assertTrue(run("mode", "get").out().contains("enforce (budget alarm)"));
    assertEquals(ExitCode.OK, run("mode", "reset", "a").code());
  }

  @Test
  void aPolicyThatDoesNotExistMustEndWithNo() {
    Cli get = run("policy", "get", "nobody");

    assertEquals(ExitCode.NO, get.code());
    assertEquals("error: no policy is named \"nobody\"\n  see: interdict policy list\n", get.err());
  }

  @Test
  void aDeletedPolicyMustBeGone() {
    apply("name=a");

    assertEquals("a deleted\nnext: interdict policy list\n", run("policy", "delete", "a").out());
    assertEquals(List.of(), control.list());
  }

  @Test
  void oneNameThatIsNoneMustNotKeepTheOthersFromBeingDeleted() {
    apply("name=a");
    apply("name=b");

    Cli delete = run("policy", "delete", "a", "nobody", "b", "none");
    assertEquals(List.of(), control.list());
    assertEquals("a deleted\nb deleted\nnext: interdict policy list\n", delete.out());
    assertEquals(ExitCode.NO, delete.code());
    assertEquals(
        """
        error: no policy is named "nobody"
        error: no policy is named "none"
          see: interdict policy list
        """,
        delete.err());
  }

  @Test
  void savedSourcesMustBeTheAppliedOnes() throws IOException {
    apply("name=a");
    Path copy = directory.resolve("copy");

    assertEquals(ExitCode.OK, run("policy", "get", "a", "--save", copy.toString()).code());
    assertEquals("name=a", Files.readString(copy.resolve("policy.yaml")));
    assertEquals(ExitCode.REFUSED, run("policy", "get", "a", "--save", copy.toString()).code());
  }

  @Test
  void statusMustShowWhatIsAttachedAndWhyNot() {
    String out = run("status").out();

    assertTrue(out.contains("mode      enforce: each policy's own mode counts\n"), out);
    assertTrue(
        out.contains(
            """
            HOOK         ATTACHED  HITS  MISSES  DENIED  WOULD-DENY  GAVE-UP  LOST
            file_open    yes       7     0       2       0           0        0
            xdp_ingress  no        0     0       0       0           0        0
            xdp_ingress: no interface in any scope
            """),
        out);
    assertTrue(out.contains("not guarded  policy open, interface eth9: it is not there"), out);
  }

  @Test
  void aDecisionMustBeOneLineInWhichNothingHostileSurvives() {
    log.append(
        decision(Outcome.DENIED, "nginx", "/usr/sbin/nginx", "/etc/shadow"), EVENT, List.of());
    log.append(
        decision(Outcome.WOULD_DENY, "a b\u001b[2J", "/x\n/y", "/etc/\u202eshadow"),
        EVENT,
        List.of());

    String sign =
        new Style(false, System.out.charset().equals(StandardCharsets.UTF_8))
            .symbol("✗ DENY  file_open      N →", "x DENY  file_open      N ->");
    String arrow = sign.substring(sign.indexOf("N ") + 2);
    assertEquals(
        "2026-03-01 12:00:00.250 "
            + sign.charAt(0)
            + " DENY  file_open      nginx[42] uid=33 /usr/sbin/nginx "
            + arrow
            + " /etc/shadow policy=secrets \"not \\u{1b} yours\" #1\n"
            + "2026-03-01 12:00:00.250 ~ AUDIT file_open      \"a b\\u{1b}[2J\"[42] uid=33 \"/x\\n"
            + "/y\" "
            + arrow
            + " \"/etc/\\u{202e}shadow\" policy=secrets \"not \\u{1b} yours\" #2\n",
        run("watch", "--last", "10", "--no-follow").out());
  }

  @Test
  void whyMustNameTheRuleItsLineAndWhatItCanRead() {
    apply(SHADOW);
    log.append(denied("shadow", "not yours"), EVENT, List.of());
    explanation =
        kept ->
            explained(kept, new Asked("shadow", 0, true, List.of(input("/tmp/x"), input(PATH))));

    String out = run("why", "#1").out();
    assertTrue(
        out.endsWith(
            """
             policy=shadow "not yours" #1

            shadow, revision 1
              policy.yaml:8: deny "not yours"
                file.path = "/etc/shadow"

            the kernel answers by itself now: shadow would refuse it; other is still to be asked
            """),
        out);
    JsonNode json = JsonMapper.shared().readTree(run("why", "1", "-o", "json").out());
    assertEquals("file.path", json.at("/policies/0/rules/0/reads/0").asString());
    assertEquals(8, json.at("/policies/0/rules/0/line").asInt());
    assertEquals(PATH, json.at("/policies/0/inputs/1/file/path").asString());
    assertEquals("deny", json.at("/answers/0/answer").asString());
    assertTrue(run("why", "1", "-o", "yaml").out().contains("held: verdict\n"));
  }

  private static final String PATH = "/etc/shadow";

  private static String input(String path) {
    return new String(InputJson.write(Events.open("/bin/cat", 33, path), HostNames.NONE), UTF_8);
  }

  private static Explanation explained(Kept kept, Asked asked) {
    return new Explanation(
        kept.record(),
        List.of(asked),
        Held.VERDICT,
        List.of(
            new Answer(0, "shadow", Explanation.Said.DENY),
            new Answer(1, "other", Explanation.Said.NOT_ASKED)),
        null);
  }

  @Test
  void whyMustSayWhatItCannotTell() {
    apply(SHADOW);
    log.append(denied("shadow", "not yours"), EVENT, List.of());

    assertTrue(
        why(new Asked("shadow", 0, false, List.of(input(PATH)))).contains("another revision"));
    assertTrue(why(new Asked("shadow", 0, true, List.of(input("/a")))).contains("no rule holds"));
    assertTrue(why(new Asked("shadow", 0, true, List.of())).contains("an earlier engine gave out"));
    assertTrue(
        why(new Asked("gone", -1, false, List.of())).contains("gone: not in force any more"));
    assertTrue(
        why(new Asked("shadow (candidate)", 9, true, List.of("{}")))
            .contains("interdict candidate show shadow\n"));
    for (Held held : List.of(Held.NOTHING, Held.OTHER_KEYS, Held.UNREAD)) {
      explanation = kept -> new Explanation(kept.record(), List.of(), held, List.of(), null);
      String last = run("why", "1").out().lines().toList().getLast();
      assertTrue(last.startsWith("the kernel ") && !last.contains("answers"), last);
    }
    Cli never = run("why", "4");
    assertEquals(ExitCode.NO, never.code());
    assertTrue(never.err().contains("no decision 4 is kept"), never.err());
    assertTrue(never.err().contains("interdict watch --last"), never.err());
    assertEquals(ExitCode.USAGE, run("why", "x").code());
  }

  @Test
  void whyMustTellWhatPoliciesSayOfFactsThatSomebodyNames() throws IOException {
    apply(SHADOW);
    apply(SHADOW.replace("name: shadow", "name: elsewhere").replace("/etc/shadow", "/x"));
    apply(
        SHADOW
            .replace("name: shadow", "name: narrow")
            .replace("hooks:", "mode: enforce\n  scope: {cgroups: [/batch]}\n  hooks:"));

    assertEquals(
        """
        elsewhere, revision 1: no rule holds

        narrow, revision 1: not asked: process.cgroup.path /web is outside of spec.scope

        shadow, revision 1
          policy.yaml:8: deny "not yours"
            file.path = "/etc/shadow"

        it passes, and recorded by shadow, revision 1
        """,
        why("file.path=/etc/shadow", "process.cgroup.path=/web").out());
    assertTrue(
        why("file.path=/etc/shadow", "process.cgroup.path=/batch/7")
            .out()
            .endsWith("\nrefused by narrow, revision 1, and recorded by shadow, revision 1\n"));
    JsonNode json =
        JsonMapper.shared()
            .readTree(why("file.path=/etc/shadow", "access=read,write", "-o", "json").out());
    assertEquals("refuse", json.at("/answer").asString()); // what is not known, is in the scope
    assertEquals("write", json.at("/input/access/1").asString());
    assertEquals(8, json.at("/policies/2/rules/0/line").asInt());
    assertTrue(
        run("why", "--hook", "exec").out().contains("it passes: no policy is asked at exec\n"));
  }

  @Test
  void whyMustAskAPolicyOfThisMachineWithoutAnEngine() throws IOException {
    server.close();
    Path policy = Files.writeString(directory.resolve("shadow.yaml"), SHADOW);
    String[] local = {"--policy", policy.toString()};

    assertTrue(
        why("file.path=/etc/shadow", local[0], local[1])
            .out()
            .contains("shadow.yaml:8: deny \"not yours\"\n"));
    Cli other = run("why", "--hook", "exec", local[0], local[1]);
    assertEquals(ExitCode.USAGE, other.code());
    assertTrue(other.err().contains("shadow has no hook exec: spec.hooks are file_open"));
    assertEquals(ExitCode.UNREACHABLE, why("file.path=/etc/shadow").code());
  }

  @Test
  void whyMustRefuseFactsThatAreNone() {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "file.name=x",
                    "file_open has no fact \"file.name\"; files are known by whole paths",
                "process.uid=root", "process.uid is a whole number, not the string \"root\"",
                "access=reed", "reed",
                "/etc/shadow", "no FACT=VALUE")
            .entrySet()) {
      Cli refused = why(wrong.getKey());
      assertEquals(ExitCode.USAGE, refused.code(), wrong.getKey());
      assertTrue(refused.err().contains(wrong.getValue()), refused.err());
    }
    assertTrue(why("file.path=/a", "file.path=/b").err().contains("file.path is there twice"));
    assertTrue(run("why", "file.path=/a").err().contains("facts need --hook, too"));
    assertTrue(run("why", "--hook", "open").err().contains("'open' is no hook; they are exec, "));
    assertEquals(ExitCode.USAGE, run("why").code());
  }

  private Cli why(String... facts) {
    return run(
        Stream.concat(Stream.of("why", "--hook", "file_open"), Stream.of(facts))
            .toArray(String[]::new));
  }

  private String why(Asked asked) {
    explanation = kept -> explained(kept, asked);
    return run("why", "1").out();
  }

  private static DecisionRecord denied(String policy, String reason) {
    return new DecisionRecord(
        0,
        NOON,
        Outcome.DENIED,
        Hook.FILE_OPEN,
        1,
        new Subject(42, 42, 1, 33, 33, "cat", "/usr/bin/cat", "/", Workload.NONE),
        "/etc/shadow",
        List.of(new Finding(policy, true, List.of(reason), List.of(), List.of())),
        false,
        false,
        -1);
  }

  @Test
  void aWatchMustFilterAndEndAfterTheCount() {
    log.append(decision(Outcome.DENIED, "a", "/usr/bin/a", "/1"), EVENT, List.of());
    log.append(decision(Outcome.WOULD_DENY, "b", "/opt/b", "/2"), EVENT, List.of());

    Cli watch = run("watch", "--last", "10", "--count", "1", "--exe", "/opt/**", "-o", "json");
    JsonNode json = JsonMapper.shared().readTree(watch.out());
    assertEquals("/2", json.get("object").asString());
    assertEquals("would_deny", json.get("outcome").asString());
    assertEquals(List.of("read"), List.of(json.at("/access/0").asString()));
    assertEquals(42, json.at("/subject/pid").asInt());
    assertEquals(1_500, json.get("latencyNs").asLong());
    assertEquals(1, watch.out().lines().count());
    assertEquals(ExitCode.USAGE, run("watch", "--hook", "nothing").code());
  }

  @Test
  void aWatchForAPolicyThatIsNotThereMustEnd() {
    Cli watch = run("watch", "--policy", "shadov");
    assertEquals(ExitCode.NO, watch.code());
    assertTrue(watch.err().contains("no policy is named \"shadov\""), watch.err());
    apply(SHADOW);
    assertEquals(ExitCode.OK, run("watch", "--policy", "shadow", "--no-follow").code());
  }

  @Test
  void yamlMustHaveNoAnchors() {
    log.append(decision(Outcome.DENIED, "a", "/usr/bin/a", "/1"), EVENT, List.of());

    String yaml = run("watch", "--last", "1", "--no-follow", "-o", "yaml").out();
    assertTrue(yaml.startsWith("---\n"), yaml);
    assertTrue(yaml.contains("  kill: []\n  warn: []\n"), yaml);
  }

  @Test
  void coloursMustComeOnlyWhenAskedFor() {
    log.append(decision(Outcome.DENIED, "a", "/usr/bin/a", "/1"), EVENT, List.of());

    assertFalse(run("watch", "--last", "1", "--no-follow").out().contains("\u001b"));
    assertTrue(
        run("watch", "--last", "1", "--no-follow", "--color", "always")
            .out()
            .contains("\u001b[31m"));
  }

  @Test
  void anEngineThatIsNotThereMustEndWithItsOwnCode() throws IOException {
    Path nowhere = directory.resolve("nowhere.sock");
    Cli status = Cli.run("status", "--socket", nowhere.toString());
    assertEquals(ExitCode.UNREACHABLE, status.code());
    assertTrue(status.err().contains("interdict engine"), status.err());

    Files.createFile(nowhere);
    assertEquals(ExitCode.UNREACHABLE, Cli.run("status", "--socket", nowhere.toString()).code());
  }

  @Test
  void aSecondUserMustBeToldThatHeIsRefused() throws IOException {
    Path other = directory.resolve("other.sock");
    try (AdminServer picky =
        AdminServer.start(
            new AdminConfig(other, java.util.Set.of(4711)),
            new AdminBackend(
                control,
                Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers),
                kernel::snapshot,
                log,
                kept -> explanation.apply(kept),
                recorder(),
                slot -> null,
                () -> true,
                () -> workers.health().toList(),
                List::of,
                "0.0-test",
                NOON))) {
      Cli status = Cli.run("status", "--socket", other.toString());
      assertEquals(ExitCode.REFUSED, status.code());
      assertTrue(status.err().contains("may not use the admin socket"), status.err());
      assertTrue(picky != server);
    }
  }

  @Test
  void anAppliedPolicyMustBeInForceAndItsModeTold() throws IOException {
    Path policy = write(SHADOW);

    assertEquals(
        """
        shadow would be created: in audit, denials are only recorded
        next: interdict policy apply %s
        """
            .formatted(policy),
        run("policy", "apply", "--dry-run", policy.toString()).out());
    assertEquals(List.of(), control.list());
    assertEquals(
        """
        shadow created: in audit, denials are only recorded
        next: interdict watch --policy shadow, then interdict mode set enforce shadow
        """,
        run("policy", "apply", policy.toString()).out());
    assertEquals("shadow", kernel.set.policies().getFirst().policy().name());
    assertTrue(run("policy", "apply", policy.toString()).out().startsWith("shadow unchanged"));
  }

  @Test
  void aHookTheHostLacksMustBeRefusedWithTheRemedy() throws IOException {
    kernel.missing.add(Hook.FILE_OPEN);

    Cli apply = run("policy", "apply", write(SHADOW).toString());
    assertEquals(ExitCode.REFUSED, apply.code());
    assertEquals(
        """
        error: refused
          hook file_open: the LSM list lacks bpf; boot with lsm=landlock,yama,bpf
        """,
        apply.err());
    assertEquals(List.of(), control.list());
  }

  @Test
  void aPolicyWithErrorsMustNotReachTheEngine() throws IOException {
    Cli apply = run("policy", "apply", write(SHADOW.replace("hooks:", "hoks:")).toString());

    assertEquals(ExitCode.INVALID_POLICY, apply.code());
    assertTrue(apply.err().contains("shadow.yaml:6:3: "), apply.err());
    assertEquals(List.of(), control.list());
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("shadow.yaml"), yaml);
  }

  private Cli run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--socket");
    all.add(socket().toString());
    return Cli.run(all.toArray(String[]::new));
  }

  private void apply(String yaml) {
    control.apply(TinyBuilder.folder(yaml), null, false, null);
  }

  private Path socket() {
    return directory.resolve("run/admin.sock");
  }

  @Test
  void whatIsRefusedMostMustStandOnAPage() throws IOException {
    log.append(decision(Outcome.DENIED, "nginx", "/usr/sbin/nginx", "/x"), EVENT, List.of());
    log.append(decision(Outcome.DENIED, "nginx", "/usr/sbin/nginx", "/x"), EVENT, List.of());
    String page =
        run("top", "--last", "9", "--count", "1", "--every", "1s", "--by", "object").out();
    assertTrue(page.contains("decisions 2, lost 0\n"), page);
    assertTrue(
        page.endsWith("\nDENIED  WOULD-DENY  OBJECT\n2       0           file_open /x\n\n"), page);
    assertTrue(page.contains("not guarded  policy open, interface eth9: it is not there"), page);
    String json = run("top", "--last", "1", "--count", "2", "--every", "1s", "-o", "json").out();
    assertEquals(2, json.lines().count(), json);
    JsonNode last = JsonMapper.shared().readTree(json.lines().toList().getLast());
    assertEquals("/usr/sbin/nginx", last.at("/program/0/name").asString());
    assertEquals(1, last.at("/program/0/denied").asInt());
  }

  /** Who looks on all day must not look at an engine that is gone. */
  @Test
  void anEngineThatEndsMustEndThePages() throws InterruptedException {
    Thread end =
        Thread.startVirtualThread(
            () -> {
              while (log.watchers() == 0) {
                Thread.onSpinWait();
              }
              server.close();
            });
    Cli top = run("top", "--every", "1s");
    assertEquals(ExitCode.UNREACHABLE, top.code(), top.err());
    assertTrue(top.err().contains("the engine cannot be reached at"), top.err());
    end.join();
  }

  private static DecisionRecord decision(Outcome outcome, String comm, String exe, String path) {
    return new DecisionRecord(
        0,
        NOON,
        outcome,
        Hook.FILE_OPEN,
        1,
        new Subject(42, 42, 1, 33, 33, comm, exe, "/system.slice", Workload.NONE),
        path,
        List.of(
            new Finding(
                "secrets",
                outcome == Outcome.DENIED,
                List.of("not \u001b yours"),
                List.of(),
                List.of())),
        false,
        true,
        1_500);
  }
}
