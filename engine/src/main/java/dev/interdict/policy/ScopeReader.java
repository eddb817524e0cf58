package dev.interdict.policy;

import dev.interdict.builtins.Glob;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import dev.interdict.policy.Policy.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads {@code spec.scope}. A scope that covers nothing leaves everything unprotected, one that
 * came out empty covers the whole host: neither is taken as it stands.
 */
final class ScopeReader {
  static final String MOUNT = "/sys/fs/cgroup";
  private static final Pattern PATTERN = Pattern.compile("[*?\\[]");
  private static final Pattern NO_GLOB = Pattern.compile("[\\[\\]{}]");

  private static final String POD_LABELS = "podLabels";
  private static final List<String> CONTAINER_KEYS =
      Stream.concat(Policy.Containers.KEYS.stream(), Stream.of(POD_LABELS)).toList();

  private final Section spec;
  private final Section scope;

  ScopeReader(Section spec) {
    this.spec = spec;
    this.scope = spec.section("scope", List.of("cgroups", "interfaces", "units", "containers"));
  }

  /** The scope; what is wrong with it has been reported. */
  Scope read(Set<Hook> hooks) {
    List<String> cgroups = names("cgroups", ScopeReader::cgroupProblem);
    List<String> interfaces = names("interfaces", ScopeReader::interfaceProblem);
    List<String> units = names("units", ScopeReader::unitProblem);
    List<Map<String, String>> containers = containers();
    warn(hooks, interfaces, cgroups.contains("/"));
    cgroups.removeIf(text -> Scope.isPattern(text) && isTooLong(text)); // that was reported
    units.removeIf(ScopeReader::isTooLong);
    Scope read = Scope.of(cgroups, interfaces, units, containers);
    boolean packetsOnly = hooks.equals(Set.of(Hook.XDP_INGRESS)); // of theirs the kernel knows
    if (read.isJudged() && !packetsOnly) {
      refuseDenial("onMiss");
      refuseDenial("fallback");
    }
    if (read.isJudged() && hooks.contains(Hook.SOCKET_CONNECT)) {
      requirePass();
    }
    return read;
  }

  private static boolean isTooLong(String text) {
    return text.length() > Glob.MAX_LENGTH;
  }

  private List<String> names(String key, UnaryOperator<String> problemOf) {
    List<String> names = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (YamlNode.Scalar item : scope.strings(key)) {
      String name = item.text();
      String problem = seen.add(name) ? problemOf.apply(name) : " is named twice";
      if (problem != null) {
        scope.error(item.at(), "yaml.value", "\"" + name + "\"" + problem);
      }
      names.add(name);
    }
    requireSome(key);
    return names;
  }

  private void requireSome(String key) {
    if (scope.node(key) instanceof YamlNode.Sequence list && list.items().isEmpty()) {
      scope.error(
          list.at(),
          "yaml.value",
          "spec.scope."
              + key
              + (key.equals("interfaces")
                  ? " is empty; name the interfaces, or leave the key out"
                  : " is empty; for every process of the host leave the key out"));
    }
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
    return Scope.isPattern(path) || path.contains("[") ? globProblem(path) : null;
  }

  private static String globProblem(String text) {
    if (NO_GLOB.matcher(text).find()) {
      return " has brackets or braces; patterns of a scope have *, ** and ?: write an entry for each";
    }
    return isTooLong(text) ? " has more than " + Glob.MAX_LENGTH + " characters" : null;
  }

  private static String unitProblem(String unit) {
    if (unit.endsWith(".slice")) {
      return " is a slice, and no process is of one; name it in cgroups, from the cgroup root";
    }
    boolean named = Scope.isPattern(unit) || Workload.isUnit(unit);
    return named && unit.matches("[-a-zA-Z0-9:_.\\\\@*?]+")
        ? globProblem(unit)
        : " is no unit that has processes; write it with its kind, such as nginx.service";
  }

  private static String interfaceProblem(String name) {
    if (PATTERN.matcher(name).find()) {
      return " is a pattern, and interfaces take none; name each interface";
    }
    return name.matches("[^/\\s:]{1,15}") ? null : " is no name of a network interface";
  }

  private void warnOfRoot() {
    for (String key : List.of("units", "containers")) {
      if (scope.has(key)) {
        scope.warning(
            scope.mark(key),
            LintRule.SCOPE.id(),
            "the cgroup / is every process of the host: " + key + " add nobody");
      }
    }
  }

  private List<Map<String, String>> containers() {
    List<Map<String, String>> all = new ArrayList<>();
    for (YamlNode item : scope.list("containers")) {
      Section entry = scope.item("containers", item, CONTAINER_KEYS);
      Map<String, String> texts = new TreeMap<>();
      for (String key : Policy.Containers.KEYS) {
        String text = entry.string(key, null);
        if (text != null && isFine(entry, key, text)) {
          texts.put(key, text);
        }
      }
      if (item instanceof YamlNode.Mapping mapping) {
        requireMeaning(mapping, entry);
        all.add(texts);
      }
    }
    requireSome("containers");
    return all;
  }

  private static boolean isFine(Section entry, String key, String text) {
    String problem =
        !key.equals("state")
            ? text.isEmpty() ? " is empty; leave the key out" : globProblem(text)
            : text.matches("known|unknown") ? null : "; it must be known or unknown";
    if (problem != null) {
      entry.error(entry.node(key).at(), "yaml.value", key + " \"" + text + "\"" + problem);
    }
    return problem == null;
  }

  private static void requireMeaning(YamlNode.Mapping mapping, Section entry) {
    if (mapping.entries().isEmpty()) {
      entry.error(
          mapping.at(),
          "yaml.missing-key",
          "an entry of spec.scope.containers needs a key; for all containers write {state: known}");
    }
    if (entry.has(POD_LABELS)) {
      entry.error(
          entry.mark(POD_LABELS),
          "yaml.unknown-key",
          "labels of pods are not known to the engine; name the pod or its namespace");
    }
    if (entry.has("state")
        && "unknown".equals(entry.node("state").value())
        && mapping.entries().size() > 1) {
      entry.error(
          entry.mark("state"),
          "yaml.value",
          "of a container whose state is unknown nothing else is known; give it an entry of its"
              + " own");
    }
  }

  /**
   * Nobody but the engine knows whom such a scope covers, so what is refused without its answer
   * would be refused to every process of the host.
   */
  private void refuseDenial(String key) {
    if (spec.has(key) && "deny".equals(spec.node(key).value())) {
      spec.error(
          spec.node(key).at(),
          "yaml.value",
          key
              + ": deny refuses without an answer, and whom units, containers and patterns cover only"
              + " an answer says: it would be the whole host. Name the cgroups without patterns, or"
              + (key.equals("onMiss") ? " write hold" : " write allow"));
    }
  }

  /**
   * The kernel refuses a socket the option that sends it elsewhere, and asks nothing: it would
   * refuse the whole host, or nobody.
   */
  private void requirePass() {
    if (!spec.has("unparsed") || !"pass".equals(spec.node("unparsed").value())) {
      spec.error(
          spec.has("unparsed") ? spec.node("unparsed").at() : spec.mark("scope"),
          "yaml.value",
          "unparsed: drop, the default, cannot be kept at socket_connect for whom units, containers"
              + " and patterns cover: nobody is asked when a socket gets an option that sends it"
              + " elsewhere. Name the cgroups without patterns, or write unparsed: pass");
    }
  }

  private void warn(Set<Hook> hooks, List<String> interfaces, boolean root) {
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
    if (root) {
      warnOfRoot();
    }
    for (String key : List.of("cgroups", "units", "containers")) {
      if (packets && hooks.size() == 1 && scope.has(key)) {
        scope.warning(
            scope.mark(key),
            LintRule.SCOPE.id(),
            "packets have no "
                + key.substring(0, key.length() - 1)
                + "; this scope has no effect at xdp_ingress");
      }
    }
  }
}
