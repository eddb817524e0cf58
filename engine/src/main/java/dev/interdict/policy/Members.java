package dev.interdict.policy;

import dev.interdict.event.ReadSet;
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
   * Why the policy is not asked about {@code input}; null if it is. What is not known, is inside.
   */
  static String outside(JsonNode input, Policy.Scope scope) {
    String cgroup = input.at("/process/cgroup/path").asString("");
    boolean within =
        scope.cgroups().isEmpty()
            || cgroup.isEmpty()
            || scope.cgroups().stream()
                .anyMatch(c -> c.equals("/") || (cgroup + "/").startsWith(c + "/"));
    if (!within) {
      return "process.cgroup.path " + cgroup + " is outside of spec.scope";
    }
    String name = input.at("/packet/interface/name").asString("");
    return name.isEmpty() || scope.interfaces().contains(name)
        ? null
        : "packet.interface.name " + name + " is outside of spec.scope";
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
        && !input.at("/" + number.replace('.', '/')).asString("0").equals("0");
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
