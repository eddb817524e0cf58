package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns;
import dev.interdict.compile.Concerns.Concern;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.RegoToWasm;
import dev.interdict.verdict.RandomEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * What is compiled instead of what was written, tables, indexes and rules put together, means the
 * same: the decisions are those that OPA's own evaluator makes of the text, on events by lot. So
 * are those of a policy set, which does not ask a policy that an event does not concern.
 */
class TablesMeaningTest {
  private static final long SEED = Long.getLong("interdict.seed", 20261128);
  private static final int POLICIES = 14;
  private static final int EVENTS = 7_200;
  private static final int SLOT = 70;
  private static final Limits PATIENT =
      new Limits(Duration.ofSeconds(10), Limits.DEFAULT.memoryBytes());
  private static final Path CLASSES = GoProgram.root().resolve(".cache/library-classes");
  private static final List<String> HOOKS = Arrays.stream(Hook.values()).map(Hook::id).toList();

  private final Random random = new Random(SEED);
  private final List<Event> events = new ArrayList<>();
  private final List<byte[]> inputs = new ArrayList<>();
  private int pairs;
  private int speaking;
  private int unasked;

  private void drawEvents(int count) {
    for (int i = 0; i < count; i++) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      // Other names of a file are other readings of one event: ReadingsTest.
      events.add(
          new RandomEvent(hook, random)
              .record()
              .names(FileNames.NONE)
              .exeNames(FileNames.NONE)
              .event());
      inputs.add(InputJson.write(events.get(i), RandomEvent.NAMES));
    }
  }

  @Test
  void tablesAndIndexesSayWhatTheRulesSay() throws Exception {
    drawEvents(EVENTS);
    RandomTables generator = new RandomTables(random);
    int grouped = 0;
    for (int p = 0; p < POLICIES; p++) {
      String rego = generator.policy();
      CompiledPolicy policy = RegoToWasm.compile("tables", rego, RandomTables.DATA, HOOKS);
      grouped += policy.tables().contains(":[[") ? 1 : 0;
      List<String> wrong = mismatches(policy, rego);
      assertEquals(List.of(), wrong.stream().limit(3).toList(), () -> "seed " + SEED + "\n" + rego);
    }
    System.out.printf(
        "pairs of policy and event: %d, as OPA's Go engine says of the text; %d with something to say, %d not asked; %d of %d policies with rules in tables; seed %d%n",
        pairs, speaking, unasked, grouped, POLICIES, SEED);
    assertTrue(pairs >= 100_000 && speaking > pairs / 20 && unasked > pairs / 20);
    assertTrue(grouped > POLICIES / 2, grouped + " policies with rules in tables");
  }

  /** The comparison would see one value that is missing in one condition. */
  @Test
  void aConditionThatLeavesOneEventOutIsSeen() throws Exception {
    drawEvents(400);
    String rego = "deny contains \"r\" if input.file.path in {\"/etc/file1\", \"/etc/file2\"}";
    CompiledPolicy whole = RegoToWasm.compile("tables", rego, "{}", HOOKS);
    assertEquals(List.of(), mismatches(whole, rego));
    Concern all = whole.concerns().any().getFirst();
    Concern less = new Concern(all.field(), all.operator(), all.values().subList(0, 1));
    assertFalse(mismatches(with(whole, whole.tables(), List.of(less)), rego).isEmpty());
  }

  /** Nor would one entry that is missing in a table stay unseen. */
  @Test
  void aTableThatLacksAnEntryIsSeen() throws Exception {
    drawEvents(400);
    String rego = "deny contains \"r\" if input.file.path in {\"/etc/file1\", \"/etc/file2\"}";
    CompiledPolicy whole = RegoToWasm.compile("tables", rego, "{}", HOOKS);
    String less = whole.tables().replace("\"/etc/file2\":true", "\"/etc/none\":true");
    assertFalse(mismatches(with(whole, less, null), rego).isEmpty());
  }

  private static CompiledPolicy with(CompiledPolicy p, String tables, List<Concern> concerns) {
    return new CompiledPolicy(
        p.name(),
        p.digest(),
        p.wasm(),
        p.data(),
        tables,
        new Concerns(concerns),
        p.reads(),
        p.labels(),
        p.literals(),
        p.warnings());
  }

  private List<String> mismatches(CompiledPolicy policy, String rego) throws Exception {
    String data = new String(policy.data(), java.nio.charset.StandardCharsets.UTF_8);
    List<JsonNode> expected = RegoToWasm.evaluate("tables", rego, data, HOOKS, inputs);
    PolicyModule module = PolicyModule.load(policy, CLASSES, PATIENT);
    PolicySet set =
        PolicySet.builder(1, RandomEvent.NAMES)
            .add(SLOT, module, Set.of())
            .judgingUnknown(SLOT)
            .build();
    PolicySetEvaluator asked = set.newEvaluator();
    List<String> wrong = new ArrayList<>();
    try (Evaluator alone = module.newEvaluator(RandomEvent.NAMES)) {
      for (int i = 0; i < events.size(); i++) {
        Decision said = alone.evaluate(events.get(i));
        SlotDecisions inSet = asked.decide(events.get(i), SlotSet.of(SLOT));
        pairs++;
        speaking += said.isSilent() ? 0 : 1;
        unasked += set.concerned(events.get(i)).isEmpty() ? 1 : 0;
        if (!equal(said, expected.get(i)) || !said.equals(inSet.get(SLOT))) {
          wrong.add(
              "%s%n we %s, in a set %s%n OPA %s"
                  .formatted(
                      InputJson.tree(events.get(i), RandomEvent.NAMES),
                      said,
                      inSet.get(SLOT),
                      expected.get(i)));
        }
      }
    }
    return wrong;
  }

  private static boolean equal(Decision said, JsonNode expected) {
    return said.deny().equals(texts(expected.get("deny")))
        && said.kill().equals(texts(expected.get("kill")))
        && said.warn().equals(texts(expected.get("warn")));
  }

  private static List<String> texts(JsonNode array) {
    return array.valueStream().map(JsonNode::asString).toList();
  }
}
