package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.testkit.Events;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class InputEventTest {
  /** Names by number, as many as there are. */
  private static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return id % 2 == 0 ? null : ("/slice" + id).getBytes(UTF_8);
        }

        @Override
        public byte[] interfaceName(int index) {
          return index == 0 ? null : new byte[] {'e', (byte) ('0' + index % 10)};
        }

        @Override
        public Set<String> fileNames(int number) {
          return Set.of();
        }
      };

  private static JsonNode json(Event event) {
    return JsonMapper.shared().readTree(InputJson.write(event, NAMES));
  }

  /** The words of mounts have bits of others. */
  @Test
  void aWordOfAnotherHookIsNoAccess() {
    for (String hook : new String[] {"mount", "module_load"}) {
      String word = hook.equals("mount") ? "memory" : "unmount";
      JsonNode input =
          JsonMapper.shared()
              .readTree("{\"hook\": \"%s\", \"access\": [\"%s\"]}".formatted(hook, word));
      assertThrows(
          IllegalArgumentException.class,
          () -> InputEvent.of(input, FileNames.NONE, FileNames.NONE),
          hook);
    }
  }

  @Test
  void theDocumentOfTheEventOfADocumentIsThatDocument() {
    Random random = new Random(7);
    Map<Hook, Integer> seen = new HashMap<>();
    for (int i = 0; i < 6_000; i++) {
      Hook hook = Hook.values()[random.nextInt(Hook.values().length)];
      JsonNode input = json(Events.random(random, hook));
      assertEquals(hook, InputEvent.hook(input));
      Event again = InputEvent.of(input, FileNames.NONE, FileNames.NONE);
      assertEquals(input, json(again), () -> "of " + input);
      seen.merge(hook, 1, Integer::sum);
    }
    assertTrue(seen.size() == Hook.values().length, seen.toString());
  }

  @Test
  void whatTheFileIsKnownAsIsTaken() {
    FileNames file = new FileNames(3, 0, true);
    FileNames exe = new FileNames(4, 0, false);
    var open =
        (Event.FileEvent) InputEvent.of(json(Events.open("/usr/bin/cat", 5, "/etc/a")), file, exe);
    assertEquals(file, open.names());
    assertEquals(exe, open.subject().names());
  }

  @Test
  void aFactOfAnotherKindIsSaid() {
    ObjectNode input = (ObjectNode) json(Events.open("/usr/bin/cat", 5, "/etc/a"));
    refused(input.deepCopy(), "process", "uid", "root", "the fact uid cannot be \"root\"");
    refused(input.deepCopy(), "file", "mode", "rw", "the fact mode cannot be \"rw\"");
    refused(input.deepCopy(), "file", "type", "hole", "the fact type cannot be \"hole\"");
    refused(input.deepCopy(), "file", "dev", "8", "the fact dev cannot be \"8\"");
    input.putArray("access").add("fly");
    assertEquals(
        "the fact access cannot be \"fly\"",
        assertThrows(
                IllegalArgumentException.class,
                () -> InputEvent.of(input, FileNames.NONE, FileNames.NONE))
            .getMessage());
  }

  private static void refused(
      ObjectNode input, String object, String fact, String value, String message) {
    ((ObjectNode) input.get(object)).put(fact, value);
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class,
                () -> InputEvent.of(input, FileNames.NONE, FileNames.NONE))
            .getMessage());
  }

  @Test
  void aHookThatIsNotKnownIsNone() {
    assertEquals(null, InputEvent.hook(JsonMapper.shared().readTree("{\"hook\":\"quota\"}")));
  }
}
