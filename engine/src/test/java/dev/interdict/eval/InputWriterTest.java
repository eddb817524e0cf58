package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The document in a module's memory and the JSON document are one. */
class InputWriterTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int EVENTS = 2000;

  private static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return id == 1
              ? "/system.slice/nginx.service".getBytes(UTF_8)
              : id == 2 ? new byte[] {'/', (byte) 0xff, 'x'} : null;
        }

        @Override
        public Workload workload(long id) {
          Workload own = Workload.of(cgroupPath(id));
          Word name = Word.of("web");
          Word uid = Word.of("7-1");
          Pod pod = new Pod(Word.of("shop"), Word.of("web-5"), uid);
          return switch ((int) id) {
            case 1 -> own.with(new Container(uid, true, name, name, name, pod), true);
            case 2 ->
                own.with(
                    new Container(uid, true, name, null, name, new Pod(uid, name, null)), true);
            case 3 -> own.with(Container.UNKNOWN, false);
            default -> own;
          };
        }

        @Override
        public byte[] interfaceName(int index) {
          return index == 1 ? "eth0".getBytes(UTF_8) : null;
        }

        @Override
        public Set<String> fileNames(int number) {
          return Set.of();
        }
      };

  /** Every leaf that a schema declares, as a rule of its own: each is looked up by its keys. */
  private static String ruleFor(String field) {
    return "deny contains sprintf(\"%s=%%v\", [input.%s])\n".formatted(field, field);
  }

  private static Set<String> fieldsOf(Hook hook) throws Exception {
    JsonNode schema =
        JSON.readTree(
            InputWriterTest.class.getResourceAsStream(
                "/dev/interdict/policies/schema/" + hook.id() + ".json"));
    Set<String> fields = new TreeSet<>();
    collect(schema, "", fields);
    return fields;
  }

  private static void collect(JsonNode schema, String path, Set<String> fields) {
    if (!schema.has("properties")) {
      fields.add(path);
      return;
    }
    for (Map.Entry<String, JsonNode> e : schema.get("properties").properties()) {
      collect(e.getValue(), path.isEmpty() ? e.getKey() : path + "." + e.getKey(), fields);
    }
  }

  @Test
  void theDocumentInMemoryEqualsTheJsonDocument() throws Exception {
    PolicyModule module =
        PolicyModule.load(
            RegoToWasm.compile("whole", "deny contains json.marshal(input)", "{}"), null);
    OpaInstance instance = module.newInstance();
    InputWriter writer = new InputWriter(instance, new ReadSet(Set.of("")), NAMES);
    Random random = new Random(1);
    for (int i = 0; i < EVENTS; i++) {
      for (Hook hook : Hook.values()) {
        Event event = Events.random(random, hook);
        Object inMemory = instance.values().read(writer.write(event), 1 << 20);
        JsonNode expected = JSON.readTree(InputJson.write(event, NAMES));
        assertEquals(expected, JSON.readTree(JSON.writeValueAsBytes(inMemory)), event::toString);
      }
    }
  }

  @Test
  void aPolicyFindsEveryFieldUnderItsKey() throws Exception {
    for (Hook hook : Hook.values()) {
      StringBuilder rules = new StringBuilder();
      fieldsOf(hook).forEach(field -> rules.append(ruleFor(field)));
      CompiledPolicy policy =
          RegoToWasm.compile("every-field", rules.toString(), "{}", List.of(hook.id()));
      compareWays(policy, hook, EVENTS, 2);
    }
  }

  /**
   * OPA's runtime has its own ways with numbers beyond 32 bits; both documents must meet the same.
   */
  @Test
  void largeNumbersCompareAsNumbers() throws Exception {
    StringBuilder rules = new StringBuilder();
    String[] limits = {"0.5", "2147483647.5", "4294967294.5", "9223372036854775807.5", "1e19"};
    for (String field : List.of("file.inode", "file.uid", "process.cgroup.id")) {
      for (String limit : limits) {
        rules.append(
            "deny contains \"%s %s\" if input.%s > %s\n".formatted(field, limit, field, limit));
      }
    }
    CompiledPolicy policy = RegoToWasm.compile("large", rules.toString(), "{}");
    compareWays(policy, Hook.FILE_OPEN, EVENTS, 5);
    long[] inodes = {0, 1, 1L << 31, (1L << 32) - 1, Long.MAX_VALUE, Long.MIN_VALUE, -1};
    int[] exceeded = {0, 1, 2, 3, 3, 4, 5};
    try (Evaluator evaluator = PolicyModule.load(policy, null).newEvaluator(HostNames.NONE)) {
      for (int i = 0; i < inodes.length; i++) {
        FileEvent e = Events.open("/bin/cat", 0, "/x");
        Event event =
            new FileEvent(
                e.head(),
                e.subject(),
                e.path(),
                e.names(),
                1,
                inodes[i],
                0,
                e.uid(),
                e.gid(),
                e.mode());
        long count =
            evaluator.evaluate(event).deny().stream()
                .filter(r -> r.startsWith("file.inode"))
                .count();
        assertEquals(exceeded[i], count, Long.toUnsignedString(inodes[i]));
      }
    }
  }

  @Test
  void whatAPolicyReadsIsRightWhenTheRestIsNotWritten() throws Exception {
    Random random = new Random(3);
    for (int round = 0; round < 20; round++) {
      Hook hook = Hook.values()[round % Hook.values().length];
      List<String> fields = new ArrayList<>(fieldsOf(hook));
      StringBuilder rules = new StringBuilder();
      for (int i = 0; i < 2; i++) {
        rules.append(ruleFor(fields.remove(random.nextInt(fields.size()))));
      }
      CompiledPolicy policy =
          RegoToWasm.compile("some-fields", rules.toString(), "{}", List.of(hook.id()));
      assertFalse(policy.reads().mayRead("nothing.of.the.kind"), () -> policy.reads().toString());
      compareWays(policy, hook, 200, round);
    }
  }

  private static void compareWays(CompiledPolicy policy, Hook hook, int events, int seed)
      throws Exception {
    Random random = new Random(seed);
    try (Evaluator evaluator = PolicyModule.load(policy, null).newEvaluator(NAMES)) {
      for (int i = 0; i < events; i++) {
        Event event = Events.random(random, hook);
        Decision byJson = evaluator.evaluate(InputJson.write(event, NAMES));
        assertEquals(byJson, evaluator.evaluate(event), event::toString);
      }
    }
  }
}
