package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Policy.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads {@code spec.scope}. A scope that covers nothing leaves everything unprotected, one that
 * came out empty covers the whole host: neither is taken as it stands.
 */
final class ScopeReader {
  static final String MOUNT = "/sys/fs/cgroup";
  private static final Pattern PATTERN = Pattern.compile("[*?\\[]");

  private final Section spec;
  private final Section scope;

  ScopeReader(Section spec) {
    this.spec = spec;
    this.scope = spec.section("scope", List.of("cgroups", "interfaces"));
  }

  /** The scope; what is wrong with it has been reported. */
  Scope read(Set<Hook> hooks) {
    List<String> cgroups = names("cgroups");
    List<String> interfaces = names("interfaces");
    warn(hooks, cgroups, interfaces);
    return new Scope(List.copyOf(cgroups), List.copyOf(interfaces));
  }

  private List<String> names(String key) {
    List<String> names = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (YamlNode.Scalar item : scope.strings(key)) {
      String name = item.text();
      String problem =
          !seen.add(name)
              ? " is named twice"
              : key.equals("cgroups") ? cgroupProblem(name) : interfaceProblem(name);
      if (problem != null) {
        scope.error(item.at(), "yaml.value", "\"" + name + "\"" + problem);
      }
      names.add(name);
    }
    if (scope.node(key) instanceof YamlNode.Sequence list && list.items().isEmpty()) {
      scope.error(
          list.at(),
          "yaml.value",
          key.equals("cgroups")
              ? "spec.scope.cgroups is empty; for every process of the host leave the key out"
              : "spec.scope.interfaces is empty; name the interfaces, or leave the key out");
    }
    return names;
  }

  /** What is wrong with it, to be said behind it; null: nothing. */
  static String cgroupProblem(String path) {
    if (!path.startsWith("/") || (path.length() > 1 && (path + "/").matches(".*/\\.{0,2}/.*"))) {
      return " is no cgroup path; write it from the cgroup root, such as"
          + " /system.slice/nginx.service";
    }
    if (path.equals(MOUNT) || path.startsWith(MOUNT + "/")) {
      String below = path.substring(MOUNT.length());
      return " begins with where cgroups are mounted; write it from the cgroup root: "
          + (below.isEmpty() ? "/" : below);
    }
    return PATTERN.matcher(path).find()
        ? " is a pattern, and a scope takes none; name the slice above, and in the rules write"
            + " process.cgroup.path: {glob: ...}"
        : null;
  }

  private static String interfaceProblem(String name) {
    if (PATTERN.matcher(name).find()) {
      return " is a pattern, and a scope takes none; name each interface";
    }
    return name.matches("[^/\\s:]{1,15}") ? null : " is no name of a network interface";
  }

  private void warn(Set<Hook> hooks, List<String> cgroups, List<String> interfaces) {
    boolean packets = hooks.contains(Hook.XDP_INGRESS);
    if (packets && interfaces.isEmpty()) {
      spec.warning(
          spec.mark("hooks"),
          LintRule.SCOPE.id(),
          "xdp_ingress without spec.scope.interfaces sees no packet; name the interfaces");
    }
    if (!packets && !interfaces.isEmpty()) {
      scope.warning(
          scope.mark("interfaces"),
          LintRule.SCOPE.id(),
          "interfaces matter for xdp_ingress only, which is none of the hooks");
    }
    if (packets && hooks.size() == 1 && !cgroups.isEmpty()) {
      scope.warning(
          scope.mark("cgroups"),
          LintRule.SCOPE.id(),
          "packets have no cgroup; this scope has no effect at xdp_ingress");
    }
  }
}
