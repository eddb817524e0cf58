package dev.interdict.policy;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which events a policy is asked about, and under which names: what the kernel's side and the
 * engine see to before a policy is evaluated. Tests have to do the same, or they prove nothing.
 */
final class Members {
  /* Links on nearly every host since 2020; each with what it leads to. */
  private static final List<List<String>> MERGED =
      List.of(
          List.of("/bin/", "/usr/bin/"),
          List.of("/sbin/", "/usr/sbin/"),
          List.of("/sbin/", "/usr/bin/"),
          List.of("/lib/", "/usr/lib/"),
          List.of("/lib32/", "/usr/lib32/"),
          List.of("/lib64/", "/usr/lib64/"),
          List.of("/libx32/", "/usr/libx32/"),
          List.of("/var/run/", "/run/"),
          List.of("/var/lock/", "/run/lock/"));

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

  /**
   * The event, and the same under each of {@code literals} that is another name of its file where
   * /bin, /lib and their like are links.
   */
  static List<byte[]> named(byte[] inputJson, Set<String> literals) {
    JsonNode input = JsonMapper.shared().readTree(inputJson);
    String path = input.at("/file/path").asString("");
    Set<String> names = new TreeSet<>();
    for (List<String> link : MERGED) {
      String from = link.get(0);
      String to = link.get(1);
      if (path.startsWith(to) && literals.contains(from + path.substring(to.length()))) {
        names.add(from + path.substring(to.length()));
      }
    }
    return Stream.concat(
            Stream.of(inputJson), names.stream().map(name -> withPath(input.deepCopy(), name)))
        .toList();
  }

  private static byte[] withPath(JsonNode input, String path) {
    ((ObjectNode) input.path("file")).put("path", path);
    return JsonMapper.shared().writeValueAsBytes(input);
  }
}
