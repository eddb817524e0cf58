package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A case of {@code cases.yaml} as something that can be done: the {@code act} of the attack tool.
 *
 * @param cgroup the one the case names, or one of its own
 * @param object a path, or address:port
 * @param type what kind of file or socket
 * @param states of the process, as the attack tool calls them, with commas; or a dash
 * @param container the one that the cgroup is of; missing: none
 */
record Act(
    Hook hook,
    String cgroup,
    int uid,
    String exe,
    List<String> access,
    String object,
    String type,
    String states,
    JsonNode container) {
  /** Where each has a root of its own. */
  static final Path STAGE = Path.of("/trial/stage");

  private static final Map<String, Integer> FAMILIES =
      Map.of(
          "unix",
          1,
          "inet",
          2,
          "inet6",
          10,
          "netlink",
          16,
          "packet",
          17,
          "bluetooth",
          31,
          "alg",
          38,
          "vsock",
          40,
          "xdp",
          44);

  private static final Map<String, Integer> PROTOCOLS =
      Map.of("icmp", 1, "tcp", 6, "udp", 17, "icmpv6", 58, "route", 0, "audit", 9, "netfilter", 12);

  /** What a case does not say: some program. */
  private static final String PROGRAM = "/usr/bin/program";

  static Act of(Cases.Case about, String own) {
    JsonNode input = JsonMapper.shared().readTree(about.inputJson());
    JsonNode process = input.path("process");
    Hook hook = Hook.valueOf(input.path("hook").asString().toUpperCase(Locale.ROOT));
    return new Act(
        hook,
        process.path("cgroup").path("path").asString(own),
        process.path("uid").asInt(),
        process.path("exe").path("path").asString(PROGRAM),
        input.path("access").valueStream().map(JsonNode::asString).toList(),
        object(hook, input),
        type(hook, input),
        states(process),
        process.path("container"));
  }

  /* Not its capabilities: root has all of them, and others none. */
  private static String states(JsonNode process) {
    StringJoiner states = new StringJoiner(",");
    states.setEmptyValue("-");
    process.path("namespaces").forEach(kind -> states.add(kind.asString()));
    for (String state : List.of("no_new_privs", "tty")) {
      if (process.path(state).asBoolean(false)) {
        states.add(state);
      }
    }
    if (!process.path("seccomp").asString("none").equals("none")) {
      states.add("seccomp");
    }
    if (process.has("session_uid")) {
      states.add("session_uid");
    }
    return states.toString();
  }

  private static String object(Hook hook, JsonNode input) {
    if (hook == Hook.MODULE_LOAD && input.path("file").isMissingNode()) {
      return "memory";
    }
    if (hook.isFile()) {
      return input.path("file").path("path").asString("/tmp/unnamed");
    }
    if (hook.isPeer()) {
      return input.at("/peer/exe/path").asString("/usr/bin/other");
    }
    if (hook == Hook.USER_NAMESPACE) {
      return "user";
    }
    if (hook == Hook.SOCKET_CREATE) {
      return kind(input.path("socket"));
    }
    JsonNode end = input.at(hook.isLocal() ? "/socket/local" : "/socket");
    return end.path("address").asString() + ":" + end.path("port").asInt();
  }

  /** Numbers of family, type and protocol, as the attack tool wants them. */
  private static String kind(JsonNode socket) {
    int family = FAMILIES.getOrDefault(socket.path("family").asString(), -1);
    int type = List.of("", "stream", "dgram", "raw").indexOf(socket.path("type").asString());
    String protocol = socket.path("protocol").asString();
    int number =
        PROTOCOLS.containsKey(protocol) ? PROTOCOLS.get(protocol) : Integer.parseInt(protocol);
    return family + "," + type + "," + number;
  }

  private static String type(Hook hook, JsonNode input) {
    JsonNode file = input.path("file");
    if (hook.isPeer()) {
      return hook == Hook.SIGNAL ? input.at("/signal/number").asString() : "peer";
    }
    if (hook == Hook.USER_NAMESPACE) {
      return "namespace";
    }
    if (!hook.isFile()) {
      return input.path("socket").path("type").asString();
    }
    if (file.isMissingNode()) {
      return "memory";
    }
    if (file.path("path").asString("").startsWith("/memfd:")) {
      return "memfd";
    }
    if (file.path("deleted").asBoolean()) {
      return "deleted";
    }
    return input.path("access").valueStream().anyMatch(word -> word.asString().equals("create"))
        ? "new"
        : file.path("type").asString();
  }

  /** The words of the attack tool. */
  String command() {
    StringJoiner words = new StringJoiner(" ");
    if (container.path("state").asString("").equals("known")) {
      Containers.write(cgroup, container);
    }
    words.add("act").add(STAGE.resolve("root").toString()).add(Guest.cgroup(cgroup).toString());
    words.add(Integer.toString(uid)).add(hook.id()).add(exe).add(String.join(",", access));
    return words.add(object).add(type).add(states).toString();
  }

  /** Whether a decision about {@code shown} is about this. */
  boolean isAbout(String shown) {
    if (hook == Hook.SOCKET_CREATE || hook == Hook.USER_NAMESPACE) {
      return true; // each act has a cgroup of its own, and this is all that it does
    }
    if (hook.isPeer()) {
      return shown.endsWith(object);
    }
    if (object.equals("memory")) {
      return shown.isEmpty();
    }
    return !hook.isFile()
        ? target(shown).equals(target(object))
        : shown.endsWith(type.equals("memfd") ? object.substring(1) : object);
  }

  /** Other spellings of an address are the same one. */
  private static InetSocketAddress target(String text) {
    int colon = text.lastIndexOf(':');
    String address = text.substring(0, colon).replace("[", "").replace("]", "");
    return new InetSocketAddress(
        InetAddress.ofLiteral(address), Integer.parseInt(text.substring(colon + 1)));
  }
}
