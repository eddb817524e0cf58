package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Events in a resource, written as {@code cases.yaml} is. A resource that is not there or damaged
 * is the build's fault: every method throws an unchecked exception then.
 *
 * @param beside the class in whose folder it lies
 * @param name with its ending
 */
public record EventFile(Class<?> beside, String name) {
  private static final String SCOPE = "SCOPE";

  /** None, for a pattern that has one. */
  private static final List<String> UNIT_ENDINGS =
      List.of("", ".service", ".scope", ".socket", ".mount", ".swap");

  private interface Reader {
    List<Cases.Case> read(byte[] yaml) throws PolicyException;
  }

  /** Those of {@code hooks}. */
  public List<Cases.Case> of(Set<Hook> hooks) {
    return read(text(), yaml -> Cases.of(yaml, hooks));
  }

  /** Those that {@code policy} is asked about. */
  public List<Cases.Case> within(Policy policy) {
    return read(text(), yaml -> Cases.within(yaml, policy));
  }

  /** Those of the policy's hooks, as events of whom its scope names, but for the whole host. */
  public List<Cases.Case> members(Policy policy) {
    List<Cases.Case> all = new ArrayList<>();
    for (String cgroup : policy.scope().cgroupTexts()) {
      if (!cgroup.equals("/")) {
        all.addAll(members(policy, example(cgroup)));
      }
    }
    for (String unit : policy.scope().unitTexts()) {
      all.addAll(
          UNIT_ENDINGS.stream()
              .flatMap(ending -> Stream.of(example(unit) + ending, dotted(unit) + ending))
              .map(name -> "/system.slice/" + name)
              .filter(cgroup -> isMember(policy, cgroup))
              .findFirst()
              .map(cgroup -> members(policy, cgroup))
              .orElse(List.of())); // no name of a unit is like that
    }
    for (Map<String, String> container : policy.scope().containerTexts()) {
      members(policy, "/container").forEach(one -> all.add(in(container, one)));
    }
    return all;
  }

  /** Something that the pattern matches. */
  private static String example(String pattern) {
    return pattern.replaceAll("[*]+|[?]", "x");
  }

  /** The same, where a question mark may stand before the unit's kind. */
  private static String dotted(String pattern) {
    return example(pattern.replace('?', '.'));
  }

  private static boolean isMember(Policy policy, String cgroup) {
    Workload whose = Workload.of(cgroup.getBytes(StandardCharsets.UTF_8));
    return Boolean.TRUE.equals(policy.scope().covers(cgroup, whose));
  }

  private static Cases.Case in(Map<String, String> container, Cases.Case event) {
    ObjectNode input = (ObjectNode) JsonMapper.shared().readTree(event.inputJson());
    ObjectNode of = input.withObject("/process").putObject("container");
    of.put("state", container.getOrDefault("state", "known"));
    if (of.path("state").asString().equals("known")) {
      of.put("id", "x").put("runtime", "docker");
    }
    container.forEach(
        (key, pattern) -> {
          switch (key) {
            case "name", "image" -> of.put(key, example(pattern));
            case "namespace", "pod" ->
                of.withObject("/pod").put(key.equals("pod") ? "name" : key, example(pattern));
            default -> {}
          }
        });
    if (of.has("pod")) {
      of.put("runtime", "containerd");
    }
    return event.with(JsonMapper.shared().writeValueAsBytes(input));
  }

  /** Those of the policy's hooks, as events in {@code cgroup}. */
  private List<Cases.Case> members(Policy policy, String cgroup) {
    String quoted = JsonMapper.shared().writeValueAsString(cgroup); // YAML takes it as it is
    String members = text().replace("path: " + SCOPE, "path: " + quoted);
    return read(members, yaml -> Cases.of(yaml, policy.hooks()));
  }

  private List<Cases.Case> read(String text, Reader reader) {
    try {
      return reader.read(text.getBytes(StandardCharsets.UTF_8));
    } catch (PolicyException e) {
      throw new IllegalStateException(name + " in the class path is damaged", e);
    }
  }

  private String text() {
    try (InputStream in = beside.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("no resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name + " in the class path is damaged", e);
    }
  }
}
