package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.interdict.compile.Schemas;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RecordBuilder;
import dev.interdict.testkit.RegoToWasm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Every document that policies meet is one that the published schemas describe. */
class SchemaTest {
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final int EVENTS = 1000;
  private static final Map<Hook, Access> ACCESS =
      Map.ofEntries(
          Map.entry(Hook.EXEC, Access.EXEC),
          Map.entry(Hook.MMAP_EXEC, Access.MAP),
          Map.entry(Hook.FILE_OPEN, Access.APPEND),
          Map.entry(Hook.SOCKET_CONNECT, Access.SEND),
          Map.entry(Hook.FILE_CHANGE, Access.RENAME),
          Map.entry(Hook.SOCKET_BIND, Access.BIND),
          Map.entry(Hook.SOCKET_LISTEN, Access.LISTEN),
          Map.entry(Hook.SOCKET_CREATE, Access.CREATE),
          Map.entry(Hook.SOCKET_ACCEPT, Access.ACCEPT),
          Map.entry(Hook.XDP_INGRESS, Access.RECEIVE),
          Map.entry(Hook.USER_NAMESPACE, Access.CREATE),
          Map.entry(Hook.MODULE_LOAD, Access.MODULE),
          Map.entry(Hook.PTRACE, Access.ATTACH),
          Map.entry(Hook.SIGNAL, Access.SEND),
          Map.entry(Hook.MOUNT, Access.MOUNT));

  private static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return id % 2 == 0 ? null : "/system.slice/a.service".getBytes(UTF_8);
        }

        @Override
        public byte[] interfaceName(int index) {
          return index % 2 == 0 ? null : "eth0".getBytes(UTF_8);
        }

        @Override
        public Set<String> fileNames(int number) {
          return Set.of();
        }
      };

  private static Schema schema(Hook hook) {
    return REGISTRY.getSchema(new String(Schemas.all().get(hook.id()), UTF_8), InputFormat.JSON);
  }

  private static Event decoded(Hook hook) {
    RecordBuilder record = RecordBuilder.of(hook).access(ACCESS.get(hook));
    if (hook == Hook.SIGNAL) {
      return record.peer("signal", 9).event();
    }
    boolean socket = hook.id().startsWith("socket_");
    return (socket ? record.to("10.1.2.3", 443) : record).event();
  }

  private static Event icmp(Event.PacketEvent p) {
    return new Event.PacketEvent(
        p.head(),
        p.family(),
        p.protocol(),
        p.source(),
        p.destination(),
        p.sourcePort() & 0xff,
        p.destinationPort() & 0xff,
        p.interfaceIndex(),
        p.bytes());
  }

  private static List<String> problems(Schema schema, String json) {
    return schema.validate(json, InputFormat.JSON).stream().map(Object::toString).toList();
  }

  @ParameterizedTest
  @EnumSource
  void whatTheDecoderMakesOfRecordsMustBeValid(Hook hook) {
    Schema schema = schema(hook);
    String json = new String(InputJson.write(decoded(hook), NAMES), UTF_8);
    assertEquals(List.of(), problems(schema, json), json);
    Random random = new Random(5);
    for (int i = 0; i < EVENTS; i++) {
      Event event = Events.random(random, hook);
      if (event instanceof Event.PacketEvent p && (p.protocol() == 1 || p.protocol() == 58)) {
        event = icmp(p); // made up with ports, which are numbers of two bytes
      }
      Map<String, Object> any = InputJson.tree(event, NAMES);
      any.put("access", List.of(ACCESS.get(hook).id())); // those made up are of any hook
      json = JsonMapper.shared().writeValueAsString(any);
      assertEquals(List.of(), problems(schema, json), json);
    }
  }

  /**
   * A rule that compares with another word than the decoder's is refused: they must be the same.
   */
  @Test
  void numbersMustHaveTheNamesThatTheDecoderGivesThem() {
    for (Hook hook :
        List.of(Hook.SOCKET_CONNECT, Hook.SOCKET_BIND, Hook.SOCKET_LISTEN, Hook.SOCKET_ACCEPT)) {
      assertNames(Facts.SOCKET_TYPES, hook, "/properties/socket/properties/type");
      assertNames(Facts.PROTOCOLS, hook, "/properties/socket/properties/protocol");
    }
    assertNames(Facts.PROTOCOLS, Hook.XDP_INGRESS, "/properties/packet/properties/protocol");
    assertNames(Facts.SIGNALS, Hook.SIGNAL, "/properties/signal/properties/name");
  }

  /** The same number is another protocol in another family. */
  @Test
  void aSocketThatIsMadeMustHaveTheNamesThatTheDecoderGivesIt() {
    JsonNode socket =
        JsonMapper.shared().readTree(Schemas.all().get("socket_create")).at("/properties/socket");
    assertEquals(
        new TreeSet<>(List.of(Facts.SOCKET_FAMILIES)),
        new TreeSet<>(
            socket.at("/properties/family/enum").valueStream().map(JsonNode::asString).toList()));
    Map<String, String> expected = new TreeMap<>();
    for (String family : List.of("inet", "netlink")) {
      String[] names = Facts.protocols(List.of(Facts.SOCKET_FAMILIES).indexOf(family));
      for (int i = 0; i < names.length; i++) {
        if (names[i] != null) {
          expected.put(family + ":" + i, names[i]);
        }
      }
    }
    Map<String, String> published = new TreeMap<>();
    socket
        .at("/properties/protocol/names")
        .properties()
        .forEach(e -> published.put(e.getKey(), e.getValue().asString()));
    assertEquals(expected, published);
    assertEquals(
        expected.size(), new TreeSet<>(expected.values()).size(), "one name, one protocol");
    assertNames(Facts.SOCKET_TYPES, Hook.SOCKET_CREATE, "/properties/socket/properties/type");
  }

  private static void assertNames(String[] decoded, Hook hook, String pointer) {
    Map<String, String> expected = new TreeMap<>();
    for (int i = 0; i < decoded.length; i++) {
      if (decoded[i] != null) {
        expected.put(String.valueOf(i), decoded[i]);
      }
    }
    Map<String, String> published = new TreeMap<>();
    JsonMapper.shared()
        .readTree(Schemas.all().get(hook.id()))
        .at(pointer + "/names")
        .properties()
        .forEach(e -> published.put(e.getKey(), e.getValue().asString()));
    assertEquals(expected, published, pointer);
  }

  @ParameterizedTest
  @EnumSource
  void anotherDocumentMustNotBeValid(Hook hook) {
    Schema schema = schema(hook);
    byte[] good = InputJson.write(decoded(hook), NAMES);
    for (Map.Entry<String, Object> change :
        Map.<String, Object>of("hook", "other", "access", List.of("fly"), "surprise", 1)
            .entrySet()) {
      ObjectNode changed = (ObjectNode) JsonMapper.shared().readTree(good);
      changed.putPOJO(change.getKey(), change.getValue());
      assertFalse(problems(schema, changed.toString()).isEmpty(), changed::toString);
    }
    List<String> names = new ArrayList<>(JsonMapper.shared().readTree(good).propertyNames());
    names.removeIf(name -> hook == Hook.MODULE_LOAD && name.equals("file")); // or from memory
    for (String name : names) {
      ObjectNode changed = (ObjectNode) JsonMapper.shared().readTree(good);
      changed.remove(name);
      assertFalse(problems(schema, changed.toString()).isEmpty(), changed::toString);
    }
  }

  @Test
  void aDecisionMustBeValid() throws Exception {
    Schema schema =
        REGISTRY.getSchema(
            Files.readString(Path.of("../policies/schema/decision.json")), InputFormat.JSON);
    byte[] input = InputJson.write(Events.open("/usr/bin/cat", 0, "/etc/shadow"), NAMES);
    String decision =
        RegoToWasm.evaluate(
                "p",
                "deny contains input.file.path\nwarn contains \"b\"\nwarn contains 7",
                "{}",
                List.of("file_open"),
                List.of(input))
            .getFirst()
            .toString();
    assertEquals(List.of(), problems(schema, decision), decision);
    assertFalse(problems(schema, "{\"deny\": [], \"kill\": []}").isEmpty());
  }
}
