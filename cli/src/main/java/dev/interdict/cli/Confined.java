package dev.interdict.cli;

import dev.interdict.policy.Findings;
import dev.interdict.policy.PolicySource;
import dev.interdict.policy.YamlNode;
import dev.interdict.policy.YamlNode.Mapping;
import dev.interdict.policy.YamlNode.Scalar;
import dev.interdict.policy.YamlNode.Sequence;
import dev.interdict.policy.YamlReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A policy with another scope. Its document is written as JSON, which is YAML, with everything in
 * the line where it was: then it is compiled to the same, and that may be there already.
 */
final class Confined {
  private final StringBuilder out = new StringBuilder();
  private final String cgroup;
  private int line = 1;

  private Confined(String cgroup) {
    this.cgroup = cgroup;
  }

  /**
   * The same policy for one cgroup only.
   *
   * @param source of a policy without errors
   */
  static PolicySource to(String cgroup, PolicySource source) {
    SortedMap<String, byte[]> files = new TreeMap<>(source.files());
    byte[] yaml = files.get(source.manifest());
    Confined confined = new Confined(cgroup);
    confined.write(
        YamlReader.read(source.manifest(), yaml, YamlReader.MAX_BYTES, new Findings()), 0);
    files.put(source.manifest(), confined.out.toString().getBytes(StandardCharsets.UTF_8));
    return new PolicySource(source.manifest(), files);
  }

  private void write(YamlNode node, int depth) {
    reach(node.at().line());
    switch (node) {
      case Scalar scalar -> json(scalar.value());
      case Sequence list -> {
        out.append('[');
        String between = "";
        for (YamlNode item : list.items()) {
          out.append(between);
          write(item, depth + 2);
          between = ",";
        }
        out.append(']');
      }
      case Mapping mapping -> {
        out.append('{');
        mapping(mapping, depth);
        out.append('}');
      }
    }
  }

  private void mapping(Mapping mapping, int depth) {
    String between = "";
    for (YamlNode.Entry entry : mapping.entries()) {
      boolean scope = depth == 1 && entry.key().equals("scope");
      if (scope) {
        continue;
      }
      out.append(between);
      reach(entry.at().line());
      json(entry.key());
      out.append(": ");
      write(entry.value(), depth == 0 && entry.key().equals("spec") ? 1 : depth + 2);
      between = ",";
    }
    if (depth == 1) {
      out.append(between);
      json("scope");
      out.append(": ");
      json(scope(mapping));
    }
  }

  /** Interfaces stay: no command has them. What else names processes would cover others, too. */
  private Map<String, Object> scope(Mapping spec) {
    Map<String, Object> scope = new TreeMap<>();
    for (YamlNode.Entry entry : spec.entries()) {
      if (entry.key().equals("scope") && entry.value() instanceof Mapping mapping) {
        mapping.entries().forEach(each -> scope.put(each.key(), each.value().value()));
      }
    }
    scope.keySet().removeAll(List.of("units", "containers"));
    scope.put("cgroups", List.of(cgroup));
    return scope;
  }

  private void json(Object value) {
    out.append(Text.json(value));
  }

  private void reach(int wanted) {
    for (; line < wanted; line++) {
      out.append('\n');
    }
  }
}
