package dev.interdict.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.PolicySetEvaluator;
import dev.interdict.eval.RandomRego;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy;
import dev.interdict.recording.Gap;
import dev.interdict.recording.RecordedSet;
import dev.interdict.recording.Recorder;
import dev.interdict.recording.RecordingReader;
import dev.interdict.recording.Tuple;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.RandomEvent;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.worker.Workers;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Policies by lot decide on events by lot, as the decider and the kernel do it together; what was
 * asked is recorded and replayed.
 */
class ReplayTest {
  private static final int POLICIES = 5;

  /** Few enough for one block: its tuples are in the order of their keys then. */
  private static final int EVENTS = 1200;

  private static final int SLOT = 7;
  private static final List<String> HOOKS = Arrays.stream(Hook.values()).map(Hook::id).toList();
  private static final Policy.Scope EVERYWHERE =
      new Policy.Scope(List.of(), List.of("eth1", "eth3"));
  private static final Policy.Scope SLICE = new Policy.Scope(List.of("/slice1"), List.of("eth1"));
  private static final Policy.Scope UNITS =
      Policy.Scope.of(List.of(), List.of("eth1"), List.of("c3.*"), List.of());
  private static final List<Policy.Scope> SCOPES = List.of(EVERYWHERE, SLICE, UNITS);

  private static final Random RANDOM = new Random(46);
  private static final List<CompiledPolicy> COMPILED = new ArrayList<>();
  private static final List<PolicyModule> MODULES = new ArrayList<>();

  @TempDir Path folder;

  @BeforeAll
  static void policies() throws Exception {
    RandomRego generator = new RandomRego(RANDOM, documents());
    while (COMPILED.size() < POLICIES) {
      CompiledPolicy policy = RegoToWasm.compile("by-lot", generator.policy("p0"), "{}", HOOKS);
      COMPILED.add(policy);
      MODULES.add(PolicyModule.load(policy, null));
    }
  }

  private static List<Map<String, Object>> documents() {
    List<Map<String, Object>> documents = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      documents.add(InputJson.tree(any().record().event(), RandomEvent.NAMES));
    }
    return documents;
  }

  private static RandomEvent any() {
    return new RandomEvent(Hook.values()[RANDOM.nextInt(Hook.values().length)], RANDOM);
  }

  private static Policy policy(Policy.Scope scope) {
    return new Policy(
        "by-lot",
        "",
        Map.of(),
        EnumSet.allOf(Hook.class),
        Policy.Mode.AUDIT,
        scope,
        Policy.OnMiss.HOLD,
        Policy.Fallback.ALLOW,
        false,
        false,
        null,
        Map.of(),
        new byte[0]);
  }

  /** Events of one key, and the verdict on it. */
  private record Key(List<Event> events, Verdict verdict) {}

  /** Whom a policy of this scope does not cover, whether or not the kernel knows. */
  private static boolean covers(Policy.Scope scope, Event event) {
    Map<String, Object> input = InputJson.tree(event, RandomEvent.NAMES);
    String text = event.hook() == Hook.XDP_INGRESS ? input.toString() : "" + input.get("process");
    return event.hook() == Hook.XDP_INGRESS
        ? scope.interfaces().stream().anyMatch(name -> text.contains("name=" + name))
        : scope.equals(EVERYWHERE)
            || text.contains(scope.isJudged() ? "unit=c3.service" : "path=/slice1");
  }

  /** Has policy {@code n} decide on events by lot, in {@code scope}, and records it. */
  private Map<VerdictKey, Key> record(int n, Policy.Scope scope, ReadSet wider, Path file)
      throws Exception {
    CompiledPolicy active = COMPILED.get(n);
    Map<Hook, KeyMask> masks = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      KeyMask own = KeyMask.of(hook, active.reads()).or(KeyMask.ofScope(hook, scope.facts()));
      masks.put(hook, own.or(KeyMask.of(hook, wider)));
    }
    PolicySet set =
        PolicySet.builder(1, RandomEvent.NAMES)
            .add(SLOT, MODULES.get(n), active.literals())
            .where(SLOT, new PolicySet.Where(EnumSet.allOf(Hook.class), scope, Set.of()))
            .build();
    PolicySetEvaluator decider = set.newEvaluator();
    Map<VerdictKey, Key> keys = new LinkedHashMap<>();
    Path state = Files.createTempDirectory(folder, "state");
    try (Recorder recorder =
        Recorder.start(
            state, RandomEvent.NAMES, (hook, s) -> masks.get(hook), "0", new Workers(w -> {}))) {
      long id = recorder.begin(null, Set.of()).id();
      for (int i = 0; i < EVENTS; i++) {
        RandomEvent drawn = any();
        Hook hook = drawn.record().event().hook();
        Event event = drawn.record().mask(masks.get(hook)).event();
        boolean knowsNothing = scope.isJudged() && hook != Hook.XDP_INGRESS;
        if (knowsNothing || covers(scope, event)) {
          Key key =
              keys.computeIfAbsent(
                  VerdictKey.of(event.head().key()),
                  k -> new Key(new ArrayList<>(), decide(decider, event)));
          key.events.add(event);
          recorder.asked(event, set, key.verdict);
        }
      }
      assertEquals(0, recorder.stop().lost());
      try (OutputStream out = Files.newOutputStream(file)) {
        recorder.export(id, out);
      }
    }
    decider.release();
    return keys;
  }

  private static Verdict decide(PolicySetEvaluator decider, Event event) {
    SlotDecisions said = decider.decide(event, SlotSet.of(SLOT));
    return new Verdict(said.decided(), said.deny(), said.kill(), said.failed(), 0);
  }

  /** Everything that a replay says. */
  private static final class Heard implements Replay.Listener {
    final List<Judged> judged = new ArrayList<>();
    int outside;

    @Override
    public void judged(Judged one) {
      judged.add(one);
    }

    @Override
    public void outside(Tuple tuple) {
      outside++;
    }

    @Override
    public void gap(Gap gap) {
      throw new AssertionError(gap);
    }

    @Override
    public void circumstances(RecordedSet set) {}

    long count(Kind kind) {
      return judged.stream().filter(j -> j.kind() == kind).count();
    }
  }

  private static Heard replay(int candidate, Policy.Scope scope, Integer base, Path file) {
    Heard heard = new Heard();
    try (JudgedPolicy now = judged(candidate, scope);
        JudgedPolicy before = base == null ? null : judged(base, scope)) {
      RecordingReader.read(file, new Replay(now, before, heard));
    }
    return heard;
  }

  private static JudgedPolicy judged(int n, Policy.Scope scope) {
    return new JudgedPolicy(policy(scope), COMPILED.get(n), MODULES.get(n));
  }

  /** What rests on names that are gone when it is recorded. */
  private static final Pattern LOOKED_UP_LATER =
      Pattern.compile(
          "(process\\.cgroup\\.path|process\\.unit|process\\.container\\.[a-z.]+"
              + "|peer\\.cgroup\\.path|packet\\.interface\\.name) was not seen"
              + "(, and spec\\.scope names cgroups, units or containers)?");

  @Test
  void thePolicyThatWasInForceIsAlwaysOfTheSameMind() throws Exception {
    long same = 0;
    for (int n = 0; n < POLICIES; n++) {
      for (Policy.Scope scope : SCOPES) {
        Path file = folder.resolve("same-" + n + "-" + SCOPES.indexOf(scope));
        Map<VerdictKey, Key> keys = record(n, scope, new ReadSet(Set.of()), file);
        Heard heard = replay(n, scope, null, file);
        assertEquals(keys.size(), heard.judged.size() + heard.outside);
        for (Judged one : heard.judged) {
          assertTrue(
              one.kind() == Kind.SAME
                  || (one.kind() == Kind.CANNOT_TELL
                      && one.rules().stream()
                          .allMatch(rule -> LOOKED_UP_LATER.matcher(rule).matches())),
              () -> one.toString());
        }
        same += heard.count(Kind.SAME);
        Heard itself = replay(n, scope, n, file);
        assertEquals(0, itself.count(Kind.NEWLY_DENIED) + itself.count(Kind.NEWLY_ALLOWED));
        assertEquals(0, itself.count(Kind.ERROR));
      }
    }
    assertTrue(same > 500, "same " + same);
  }

  /**
   * What is told of another policy, in the same scope or in another, is what it says about each
   * event of the key, also about those that were never shown to anybody.
   */
  @Test
  void whatIsToldOfAnotherPolicyIsWhatItSaysAboutEachEventAndNeverAGuess() throws Exception {
    Map<Kind, Integer> seen = new EnumMap<>(Kind.class);
    int several = 0;
    for (int n = 0; n < POLICIES; n++) {
      for (int other = 0; other < POLICIES; other++) {
        // Sometimes what the other reads was seen, sometimes a part of it.
        Set<String> part = new TreeSet<>(COMPILED.get(other).reads().paths());
        part.removeIf(path -> RANDOM.nextInt(6) == 0);
        Path file = folder.resolve("other-" + n + "-" + other);
        List<Key> keys = List.copyOf(record(n, EVERYWHERE, new ReadSet(part), file).values());
        Policy.Scope scope = SCOPES.get((n + other) % SCOPES.size());
        Heard heard = replay(other, scope, null, file);
        assertEquals(keys.size(), heard.judged.size());
        PolicySet set =
            PolicySet.builder(1, RandomEvent.NAMES)
                .add(SLOT, MODULES.get(other), COMPILED.get(other).literals())
                .build();
        PolicySetEvaluator truth = set.newEvaluator();
        for (int i = 0; i < keys.size(); i++) {
          Judged judged = heard.judged.get(i);
          seen.merge(judged.kind(), 1, Integer::sum);
          several += keys.get(i).events.size() > 1 ? 1 : 0;
          if (judged.kind() != Kind.CANNOT_TELL) {
            Verdict was = keys.get(i).verdict;
            for (Event event : keys.get(i).events) {
              Verdict now = covers(scope, event) ? decide(truth, event) : NOTHING;
              assertEquals(kind(was, now), judged.kind(), () -> "" + judged);
            }
          }
        }
        truth.release();
      }
    }
    for (Kind kind : List.of(Kind.SAME, Kind.NEWLY_DENIED, Kind.NEWLY_ALLOWED, Kind.CANNOT_TELL)) {
      assertTrue(seen.getOrDefault(kind, 0) > 100, kind + ": " + seen);
    }
    assertTrue(several > 300, "keys of several events: " + several);
  }

  private static final Verdict NOTHING = new Verdict(SlotSet.NONE, SlotSet.NONE, SlotSet.NONE);

  private static Kind kind(Verdict before, Verdict now) {
    return before.deny().equals(now.deny())
        ? Kind.SAME
        : now.deny().isEmpty() ? Kind.NEWLY_ALLOWED : Kind.NEWLY_DENIED;
  }
}
