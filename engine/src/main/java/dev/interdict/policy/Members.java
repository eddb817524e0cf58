package dev.interdict.policy;

import dev.interdict.event.ReadSet;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which events a policy is asked about, and under which names: what the kernel's side and the
 * engine see to before a policy is evaluated. Tests have to do the same, or they prove nothing.
 */
final class Members {
  private static final String FILE = "/file/path";
  private static final String PEER = "/peer/exe/path";
  private static final String PROGRAM = "/process/exe/path";

  private Members() {}

  /**
   * Why the policy is not asked about {@code input}; null if it is. What is not known, is inside,
   * but for a cgroup that has a number and nothing else, where only the engine knows whom the scope
   * covers.
   */
  static String outside(JsonNode input, Policy.Scope scope) {
    JsonNode path = input.at("/process/cgroup/path");
    Boolean covers = scope.covers(path.asString(null), whose(input.path("process")));
    boolean packet = input.has("packet");
    if (Boolean.FALSE.equals(covers) && !packet) {
      return stated(input, scope) + " is outside of spec.scope";
    }
    if (covers == null && scope.isJudged() && !packet && hasNumber(input, "process.cgroup.id")) {
      return "a cgroup whose path cannot be told is outside of spec.scope";
    }
    String name = input.at("/packet/interface/name").asString("");
    return name.isEmpty() || scope.interfaces().contains(name)
        ? null
        : "packet.interface.name " + name + " is outside of spec.scope";
  }

  /** Of an event that says nothing of its cgroup nothing is known. */
  private static Workload whose(JsonNode process) {
    JsonNode unit = process.path("unit");
    JsonNode container = process.path("container");
    boolean told = process.at("/cgroup/path").isString() || unit.isString() || container.isObject();
    return told ? new Workload(true, word(unit), container(container), true) : Workload.UNTOLD;
  }

  private static Container container(JsonNode container) {
    if (!container.isObject()) {
      return null;
    }
    if (!container.path("state").asString("").equals("known")) {
      return Container.UNKNOWN;
    }
    JsonNode pod = container.path("pod");
    return new Container(
        word(container.path("id")),
        true,
        word(container.path("runtime")),
        word(container.path("name")),
        word(container.path("image")),
        pod.isObject()
            ? new Workload.Pod(
                word(pod.path("namespace")), word(pod.path("name")), word(pod.path("uid")))
            : null);
  }

  private static Word word(JsonNode text) {
    return Word.of(text.asString(null));
  }

  /** What of {@code input} the scope goes by. */
  private static String stated(JsonNode input, Policy.Scope scope) {
    Set<String> facts = new TreeSet<>(scope.facts());
    facts.add("process.cgroup.path");
    List<String> stated =
        facts.stream()
            .filter(fact -> input.at("/" + fact.replace('.', '/')).isString())
            .map(fact -> fact + " " + input.at("/" + fact.replace('.', '/')).asString())
            .toList();
    return stated.isEmpty() ? "the process" : String.join(", ", stated);
  }

  /** Why {@code input} is refused whatever the rules say; null if it is not. */
  static String untold(JsonNode input, Policy policy, ReadSet reads) {
    if (!policy.unparsedPass()
        && input.at("/packet/parsed").isBoolean()
        && !input.at("/packet/parsed").asBoolean()) {
      return "its headers cannot be read to their end; the policy's unparsed: drop";
    }
    boolean unknown =
        isUntold(input, reads, "file.path", "hook")
            || isUntold(input, reads, "process.exe.path", "process.exe.inode")
            || isUntold(input, reads, "peer.exe.path", "peer.exe.inode")
            || isUntold(input, reads, "peer.cgroup.path", "peer.cgroup.id")
            || isUntold(input, reads, "process.cgroup.path", "process.cgroup.id");
    return unknown && !policy.judgesUnknownPath()
        ? "a path is too long or too deep to be told (unknownPath: deny)"
        : null;
  }

  /* Programs and cgroups that a case does not name by their numbers are none. */
  private static boolean isUntold(JsonNode input, ReadSet reads, String path, String number) {
    String parent = path.substring(0, path.lastIndexOf('.'));
    return reads.mayRead(path)
        && input.at("/" + parent.replace('.', '/')).isObject()
        && input.at("/" + path.replace('.', '/')).isMissingNode()
        && hasNumber(input, number);
  }

  private static boolean hasNumber(JsonNode input, String number) {
    return !input.at("/" + number.replace('.', '/')).asString("0").equals("0");
  }

  /**
   * The event as a policy is shown it where /bin, /lib and their like are links: its file under the
   * path that was used and each of {@code literals} that leads to it, its program under those that
   * lead to it, or else its own.
   */
  static List<byte[]> named(byte[] inputJson, Set<String> literals) {
    JsonNode input = JsonMapper.shared().readTree(inputJson);
    Set<String> programs = leadingTo(input.at(PROGRAM).asString(""), literals);
    String program = input.at(PROGRAM).asString("");
    if (programs.isEmpty() || literals.contains(program)) {
      programs.add(program);
    }
    String object = input.at(PEER).isString() ? PEER : FILE;
    Set<String> files = leadingTo(input.at(object).asString(""), literals);
    files.add(input.at(object).asString(""));
    List<byte[]> all = new ArrayList<>();
    for (String each : programs) {
      for (String file : files) {
        JsonNode shown = input.deepCopy();
        put(shown, PROGRAM, each);
        put(shown, object, file);
        all.add(JsonMapper.shared().writeValueAsBytes(shown));
      }
    }
    return all;
  }

  private static Set<String> leadingTo(String path, Set<String> literals) {
    Set<String> names = new TreeSet<>();
    for (List<String> link : LinkedFolders.MERGED) {
      String from = link.get(0);
      String to = link.get(1);
      if (path.startsWith(to) && literals.contains(from + path.substring(to.length()))) {
        names.add(from + path.substring(to.length()));
      }
    }
    return names;
  }

  private static void put(JsonNode input, String pointer, String path) {
    if (!path.isEmpty()) {
      int name = pointer.lastIndexOf('/');
      ((ObjectNode) input.at(pointer.substring(0, name))).put(pointer.substring(name + 1), path);
    }
  }
}
