package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.DecisionRecord.Subject;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import dev.interdict.testkit.Events;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.PolicyCounters;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class RefusalsTest {

  private static final Event EVENT = Events.open("/usr/bin/cat", 33, "/etc/shadow");
  private final Refusals refusals = new Refusals("mine", true);

  private void add(int pid, Outcome outcome, String exe, boolean fallback) {
    refusals.add(record(pid, outcome, exe, fallback));
  }

  private static DecisionRecord record(int pid, Outcome outcome, String exe, boolean fallback) {
    return new DecisionRecord(
        pid,
        Instant.EPOCH,
        outcome,
        Hook.FILE_OPEN,
        Access.READ.bit() | Access.WRITE.bit(),
        new Subject(pid, pid, 1, 0, 0, "x", exe, "/interdict-try", Workload.NONE),
        "/etc/shadow",
        List.of(
            new Finding("another", false, List.of("not mine"), List.of(), List.of()),
            new Finding("mine", true, List.of("no \u001b[2J"), List.of(), List.of())),
        fallback,
        true,
        1);
  }

  private String printed() {
    return printed(refusals);
  }

  private static String printed(Refusals refusals) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    refusals.print(out);
    out.flush();
    return text.toString();
  }

  @Test
  void alikeOnesAreOneLineWithWhatWouldAllowThem() {
    add(1, Outcome.DENIED, "/usr/bin/\"odd\"", false);
    add(2, Outcome.DENIED, "/usr/bin/\"odd\"", false);
    add(3, Outcome.WOULD_DENY, "/usr/bin/cat", false);
    assertEquals(
        """
        refused:
          2 x file_open read,write /etc/shadow by "/usr/bin/\\"odd\\""
              because: no \\u{1b}[2J
              to allow it, for example add this to the rule that says so:
                process.exe.path: {notIn: ["/usr/bin/\\"odd\\""]}
        """,
        printed());
  }

  /** Its name is the choice of who is tried. */
  @Test
  void adviceMustMoveNoCursorAndStillBeWhatARuleTakes() throws PolicyException {
    String exe = "/tmp/\u009b2J\u202ex\u007f\u0085\ue000\ud83d\ude00";
    add(1, Outcome.DENIED, exe, false);
    assertEquals(
        "", printed().replaceAll("[ -~\n]", "").replace("\ud83d\ude00", ""), this::printed);
    String advice = printed().lines().filter(line -> line.contains("notIn")).findFirst().orElse("");
    JsonNode read =
        JsonMapper.shared()
            .readTree(PolicySource.yamlAsJson("advice.yaml", advice.strip().getBytes(UTF_8)));
    assertEquals(exe, read.findValue("notIn").get(0).asString());
  }

  @Test
  void whatWasNotDecidedIsToldApart() {
    add(1, Outcome.DENIED, "/usr/bin/cat", true);
    assertTrue(printed().contains("there was no decision"), this::printed);
    assertTrue(!printed().contains("notIn"), this::printed);
  }

  @Test
  void whatNoRuleSaysOrNoRuleCanTakeMustNotBeAdvised() throws PolicyException {
    Refusals facts = new Refusals("mine", false);
    facts.add(record(1, Outcome.DENIED, "/usr/bin/cat", false));
    assertFalse(printed(facts).contains("notIn"), printed(facts));
    Refusals another = new Refusals("third", true);
    another.add(record(1, Outcome.DENIED, "/usr/bin/cat", false));
    assertFalse(printed(another).contains("notIn"), printed(another));

    assertTrue(advises("file.path: {in: [/etc/shadow]}", Map.of()));
    assertFalse(
        advises("any: [{file.path: {in: [/a]}}, {process.exe.path: {in: [/b]}}]", Map.of()));
    assertFalse(
        advises(
            "file.path: {in: [/etc/shadow]}",
            Map.of(
                "more.rego",
                "package interdict.policies.mine\n\ndeny contains \"no\" if false\n")));
  }

  private static boolean advises(String when, Map<String, String> rego) throws PolicyException {
    PolicySource source = source(when, rego);
    ParsedPolicy parsed = PolicyParser.parse(source);
    parsed.orThrow();
    return Refusals.advises(source, parsed);
  }

  private static PolicySource source(String when, Map<String, String> rego) {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: mine}
        spec:
          hooks: [file_open]
          rules:
            - deny: {%s}
              reason: "no"
        """
            .formatted(when);
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("mine.yaml", yaml.getBytes(UTF_8));
    rego.forEach((name, text) -> files.put(name, text.getBytes(UTF_8)));
    return new PolicySource("mine.yaml", files);
  }

  /** Whatever it says, it must not enforce on anything but the command. */
  @Test
  void aPolicyOnTrialMustCoverTheCommandAloneAndSayTheSame() throws PolicyException {
    PolicySource source = source("file.path: {in: [/etc/shadow]}", Map.of());
    Policy whole = PolicyParser.parse(source).orThrow();
    assertEquals(List.of(), whole.scope().cgroups());
    PolicySource confined = Confined.to("/a b/interdict-try", source);
    Policy less = PolicyParser.parse(confined).orThrow();
    assertEquals(List.of("/a b/interdict-try"), less.scope().cgroups());
    assertEquals(whole.rego(), less.rego(), "with the same lines");

    Policy again = PolicyParser.parse(Confined.to("/b", confined)).orThrow();
    assertEquals(List.of("/b"), again.scope().cgroups());
    assertEquals(whole.rego(), again.rego());
  }

  /** A list beside the cgroup would bring others in. */
  @Test
  void aPolicyOnTrialMustLoseTheUnitsAndContainersOfItsScope() throws PolicyException {
    String yaml =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: mine}
        spec:
          hooks: [file_open]
          scope: {units: [a.service], containers: [{state: known}]}
          rules: [{deny: {file.path: /etc/shadow}, reason: x}]
        """;
    PolicySource source = PolicySource.ofYaml("p.yaml", yaml.getBytes(UTF_8));
    Policy less = PolicyParser.parse(Confined.to("/b", source)).orThrow();
    assertEquals(new Policy.Scope(List.of("/b"), List.of()), less.scope());
  }

  /** YAML folds some of them, and takes others for no characters, where they are not escaped. */
  @Test
  void aPolicyOnTrialMustHaveTheSameCharacters() throws PolicyException {
    for (String odd :
        List.of("\\x85", "\\x7f", "\\x9b", "\\u2028", "\\U0001F600", "\ud83d\ude00")) {
      PolicySource source = source("file.path: {in: [\"/etc/a" + odd + "b\"]}", Map.of());
      Policy whole = PolicyParser.parse(source).orThrow();
      Policy less = PolicyParser.parse(Confined.to("/b", source)).orThrow();
      assertEquals(whole.rego(), less.rego(), odd);
    }
  }

  @Test
  void theInterfacesOfAPolicyOnTrialMustStay() throws PolicyException {
    PolicySource source =
        PolicySource.ofYaml(
            "p.yaml",
            """
            # first
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: mine}
            spec:
              hooks: [file_open]

              scope:
                cgroups:
                  - /a
                  - /b
                interfaces: [eth0]
              rules:
                - reason: "no: \\"{process.exe.path}\\""
                  deny:
                    file.path: /etc/shadow
            """
                .getBytes(UTF_8));
    Policy whole = PolicyParser.parse(source).orThrow();
    Policy less = PolicyParser.parse(Confined.to("/a/c", source)).orThrow();
    assertEquals(List.of("/a/c"), less.scope().cgroups());
    assertEquals(List.of("eth0"), less.scope().interfaces());
    assertEquals(whole.rego(), less.rego());
  }

  @Test
  void takingMustEndThoughTheHostGoesOnAndNothingMustBeLostInSilence() throws Exception {
    DecisionLog log = new DecisionLog();
    AtomicBoolean goesOn = new AtomicBoolean(true);
    try (DecisionLog.Subscription all = log.subscribe(Refusals.of("/interdict-try"), 4, 0)) {
      log.append(record(1, Outcome.ALLOWED, "/usr/bin/cat", false), EVENT, List.of());
      log.append(record(1, Outcome.WOULD_DENY, "/usr/bin/cat", false), EVENT, List.of());
      refusals.take(all, Duration.ofMillis(1), Duration.ofHours(1));
      assertTrue(refusals.isEmpty());
      for (int i = 0; i < 7; i++) {
        log.append(record(1, Outcome.DENIED, "/usr/bin/cat", false), EVENT, List.of());
      }
      refusals.take(all, Duration.ofMillis(1), Duration.ofHours(1));
      assertTrue(printed().contains("  4 x file_open"), this::printed);
      assertTrue(printed().contains("and 3 more"), this::printed);

      Thread host =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (goesOn.get()) {
                      log.append(
                          record(1, Outcome.DENIED, "/usr/bin/cat", false), EVENT, List.of());
                    }
                  });
      assertTimeoutPreemptively(
          Duration.ofSeconds(60),
          () -> refusals.take(all, Duration.ofHours(1), Duration.ofMillis(20)));
      goesOn.set(false);
      host.join();
    }
  }

  @Test
  void whatAnotherCgroupIsRefusedMustNotBeTold() {
    DecisionRecord here = record(1, Outcome.DENIED, "/usr/bin/cat", false);
    assertTrue(Refusals.of("/interdict-try").test(here));
    assertFalse(Refusals.of("/interdict").test(here));
    assertFalse(Refusals.of("/other.slice/interdict-try").test(here));
  }

  @Test
  void moreKindsThanAnybodyReadsMustBeCounted() {
    for (int i = 0; i < Refusals.MAX_KINDS + 5; i++) {
      add(1, Outcome.DENIED, "/bin/" + i, false);
    }
    add(1, Outcome.DENIED, "/bin/0", false);
    assertTrue(printed().contains("  2 x file_open read,write /etc/shadow by /bin/0"));
    assertTrue(printed().endsWith("  and 5 more that are not told: there were too many\n"));
  }

  /** What the kernel only counts, it has refused all the same. */
  @Test
  void whatHasNoRecordMustBeCountedAndASpentBudgetBeSaid() {
    add(1, Outcome.DENIED, "/usr/bin/cat", false);
    HookStatus open =
        HookStatus.newBuilder().putCounters("folded", 3).putCounters("lost_observe", 4).build();
    HookStatus exec = HookStatus.newBuilder().putCounters("folded", 1).build();
    refusals.missed(List.of(open, exec), PolicyCounters.getDefaultInstance());
    assertTrue(printed().endsWith("  and 8 more that are not told: there were too many\n"));
    refusals.missed(List.of(), PolicyCounters.newBuilder().setTripped(1).build());
    assertTrue(printed().contains("then its budget was used up"), this::printed);
  }

  @Test
  void nothingIsSaidToo() {
    add(1, Outcome.WOULD_DENY, "/usr/bin/cat", false);
    assertTrue(refusals.isEmpty());
    assertEquals("nothing was refused\n", printed());
  }
}
