package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.RandomEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Random policies on random events give the decision of OPA's Go engine: compiled to WebAssembly,
 * evaluated as the decider evaluates, against OPA's own evaluator on the same document as JSON.
 *
 * <p>Some policies share a module, since translating one takes a second or two; each is compared by
 * itself. The translated classes are kept below {@code .cache}.
 */
class RandomPairsTest {
  private static final long SEED = Long.getLong("interdict.seed", 20261124);
  private static final int MODULES = 10;
  private static final int POLICIES = DecisionReader.REASONS_MAX / RandomRego.RULES - 1;
  private static final int EVENTS = 500;
  private static final List<String> HOOKS = Arrays.stream(Hook.values()).map(Hook::id).toList();
  private static final Limits PATIENT =
      new Limits(Duration.ofSeconds(10), Limits.DEFAULT.memoryBytes());

  private final Random random = new Random(SEED);
  private final List<Event> events = new ArrayList<>();
  private final List<byte[]> inputs = new ArrayList<>();
  private final List<Map<String, Object>> documents = new ArrayList<>();
  private int pairs;
  private int speaking;

  private void drawEvents(int count) {
    for (int i = 0; i < count; i++) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      Event event = new RandomEvent(hook, random).record().event();
      events.add(event);
      documents.add(InputJson.tree(event, RandomEvent.NAMES));
      inputs.add(InputJson.write(event, RandomEvent.NAMES));
    }
  }

  @Test
  void policiesAndEventsByLotGiveTheDecisionsOfOpa() throws Exception {
    drawEvents(EVENTS);
    RandomRego generator = new RandomRego(random, documents);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < MODULES; i++) {
      List<String> policies = policies(generator);
      String rego = String.join("\n", policies);
      wrong.addAll(mismatches(policies, rego, rego));
    }
    // One event of each policy is enough to look at.
    Map<String, String> byPolicy = new TreeMap<>();
    wrong.forEach(text -> byPolicy.putIfAbsent(text.substring(0, text.indexOf("\n{")), text));
    assertTrue(
        wrong.isEmpty(),
        () ->
            wrong.size()
                + " pairs differ, seed "
                + SEED
                + "\n"
                + String.join("\n", byPolicy.values()));
    System.out.printf(
        "pairs of policy and event: %d, as OPA's Go engine; %d of them with something to say; seed %d%n",
        pairs, speaking, SEED);
    assertTrue(pairs >= 90_000 && speaking > pairs / 20, pairs + ", speaking " + speaking);
  }

  /** The comparison would see one rule of one policy that means something else. */
  @Test
  void anotherMeaningIsSeen() throws Exception {
    drawEvents(60);
    String mine = "deny contains \"p0 1\" if input.process.uid >= 1\n";
    String theirs = "deny contains \"p0 1\" if input.process.uid > 1\n";
    List<String> wrong = mismatches(List.of(mine), mine, theirs);
    assertFalse(wrong.isEmpty());
    assertTrue(
        wrong.getFirst().contains("uid >= 1") && wrong.getFirst().contains("\"uid\":1"),
        wrong.getFirst());
  }

  private static List<String> policies(RandomRego generator) {
    List<String> policies = new ArrayList<>();
    for (int p = 0; p < POLICIES; p++) {
      policies.add(generator.policy("p" + p));
    }
    return policies;
  }

  /* Each with policy and event. */
  private List<String> mismatches(List<String> policies, String ours, String theirs)
      throws Exception {
    List<JsonNode> expected = RegoToWasm.evaluate("by-lot", theirs, "{}", HOOKS, inputs);
    Path classes = GoProgram.root().resolve(".cache/library-classes");
    PolicyModule module =
        PolicyModule.load(RegoToWasm.compile("by-lot", ours, "{}", HOOKS), classes, PATIENT);
    List<String> wrong = new ArrayList<>();
    try (Evaluator evaluator = module.newEvaluator(RandomEvent.NAMES)) {
      for (int i = 0; i < events.size(); i++) {
        Map<String, List<String>> theirWords = byPolicy(expected.get(i));
        Map<String, List<String>> ourWords = byPolicy(evaluator.evaluate(events.get(i)));
        for (int p = 0; p < policies.size(); p++) {
          List<String> said = ourWords.getOrDefault("p" + p, List.of());
          List<String> should = theirWords.getOrDefault("p" + p, List.of());
          pairs++;
          speaking += should.isEmpty() ? 0 : 1;
          if (!said.equals(should)) {
            String input = new String(inputs.get(i), UTF_8);
            wrong.add("%s%n%s%n  we %s%n OPA %s".formatted(policies.get(p), input, said, should));
          }
        }
      }
    }
    return wrong;
  }

  private static Map<String, List<String>> byPolicy(Decision decision) {
    Map<String, List<String>> words = new TreeMap<>();
    decision.deny().forEach(reason -> add(words, "deny", reason));
    decision.kill().forEach(reason -> add(words, "kill", reason));
    decision.warn().forEach(reason -> add(words, "warn", reason));
    return words;
  }

  private static Map<String, List<String>> byPolicy(JsonNode decision) {
    assertEquals(
        List.of("deny", "kill", "warn"), List.copyOf(new TreeSet<>(decision.propertyNames())));
    Map<String, List<String>> words = new TreeMap<>();
    for (String set : List.of("deny", "kill", "warn")) {
      decision.get(set).forEach(reason -> add(words, set, reason.asString()));
    }
    return words;
  }

  private static void add(Map<String, List<String>> words, String set, String reason) {
    String policy = reason.substring(0, reason.indexOf(' '));
    words.computeIfAbsent(policy, p -> new ArrayList<>()).add(set + ": " + reason);
  }
}
