package dev.interdict.cli;

import dev.interdict.eval.InputJson;
import dev.interdict.event.Event;
import dev.interdict.policy.Cases;
import dev.interdict.policy.PolicyException;
import dev.interdict.recording.Tuple;
import dev.interdict.replay.JudgedPolicy;
import dev.interdict.replay.Replay.Judged;
import dev.interdict.replay.Replay.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * The differences of a replay as {@code cases.yaml}: each says what the policy says now, with only
 * the facts that its rules read; of a denial, beside who did what, only those without which it
 * would be none. One is written only if {@code policy test} passes it. For one thread.
 */
final class ReplayCases {
  /** Each takes some milliseconds; nobody reads more. */
  static final int MAX = 200;

  /** So many are looked at: a million of them may be alike. */
  private static final int LOOKED_MAX = 2000;

  /** Without them nobody would know the case again. */
  private static final List<String> WHO_AND_WHAT =
      List.of(
          "hook",
          "process.exe.path",
          "file.path",
          "socket.address",
          "packet.source.address",
          "packet.destination.address");

  private final JudgedPolicy policy;
  private final int lookedMax;
  private final Set<Map<String, Object>> inputs = new LinkedHashSet<>();
  private final List<Map<String, Object>> cases = new ArrayList<>();
  private int looked;
  private int left;

  ReplayCases(JudgedPolicy policy) {
    this(policy, LOOKED_MAX);
  }

  ReplayCases(JudgedPolicy policy, int lookedMax) {
    this.policy = policy;
    this.lookedMax = lookedMax;
  }

  /** Adds the tuple, if it is a difference. */
  void add(Judged judged) {
    boolean denied = judged.kind() == Kind.NEWLY_DENIED;
    if (!denied && judged.kind() != Kind.NEWLY_ALLOWED) {
      return;
    }
    boolean more = cases.size() < MAX && looked++ < lookedMax;
    Map<String, Object> facts = more ? facts(judged.tuple(), denied) : null;
    if (facts == null) {
      left++;
    } else if (inputs.add(facts)) {
      cases.add(one(name(judged, facts), facts, denied));
    }
  }

  /** The facts of the reading that decides; null: no case says the same. */
  private Map<String, Object> facts(Tuple tuple, boolean denied) {
    Set<String> reads = policy.reads(tuple.hook());
    for (Event shown : policy.shown(tuple)) {
      Map<String, Object> facts = new TreeMap<>();
      flatten("", InputJson.tree(shown, tuple.names()), facts);
      facts.keySet().removeIf(path -> !path.equals("hook") && !reads.contains(path));
      if (holds(facts, denied)) {
        return denied ? shrunk(facts) : facts;
      }
    }
    return null;
  }

  private Map<String, Object> shrunk(Map<String, Object> facts) {
    Map<String, Object> least = new TreeMap<>(facts);
    for (String path : facts.keySet()) {
      Map<String, Object> less = new TreeMap<>(least);
      less.remove(path);
      if (!WHO_AND_WHAT.contains(path) && holds(less, true)) {
        least = less;
      }
    }
    return least;
  }

  private boolean holds(Map<String, Object> facts, boolean denied) {
    try {
      Cases read =
          Cases.read(
              yaml(List.of(one("it", facts, denied)))
                  .getBytes(java.nio.charset.StandardCharsets.UTF_8),
              policy.policy());
      return read.run(policy::judge, policy.compiled().reads(), policy.compiled().literals())
          .getFirst()
          .passed();
    } catch (PolicyException e) {
      return false; // a value that a case cannot have
    }
  }

  @SuppressWarnings("unchecked") // the maps are those of InputJson
  private static void flatten(String path, Map<String, Object> from, Map<String, Object> to) {
    from.forEach(
        (key, value) -> {
          String below = path.isEmpty() ? key : path + "." + key;
          if (value instanceof Map<?, ?> map) {
            flatten(below, (Map<String, Object>) map, to);
          } else {
            to.put(below, value);
          }
        });
  }

  private static Map<String, Object> one(String name, Map<String, Object> facts, boolean denied) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("name", name);
    one.put("input", nested(facts));
    one.put(denied ? "deny" : "allow", true);
    return one;
  }

  @SuppressWarnings("unchecked") // the maps are those made here
  private static Map<String, Object> nested(Map<String, Object> facts) {
    Map<String, Object> root = new TreeMap<>();
    facts.forEach(
        (path, value) -> {
          Map<String, Object> at = root;
          String[] names = path.split("\\.", -1);
          for (int i = 0; i < names.length - 1; i++) {
            at = (Map<String, Object>) at.computeIfAbsent(names[i], n -> new TreeMap<>());
          }
          at.put(names[names.length - 1], value);
        });
    return root;
  }

  private String name(Judged judged, Map<String, Object> facts) {
    List<String> words = new ArrayList<>();
    words.add(judged.kind() == Kind.NEWLY_DENIED ? "newly denied" : "newly allowed");
    words.add(String.valueOf(cases.size() + 1) + ":");
    words.add(judged.tuple().hook().id());
    for (String path : List.of("process.exe.path", "file.path", "socket.address")) {
      if (facts.containsKey(path)) {
        words.add(String.valueOf(facts.get(path)));
      }
    }
    return Text.line(String.join(" ", words));
  }

  int size() {
    return cases.size();
  }

  /** Differences that are none of the cases, or that nobody has looked at. */
  int left() {
    return left;
  }

  String yaml() {
    return yaml(cases);
  }

  private static String yaml(List<Map<String, Object>> cases) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    return new Yaml(options).dump(Map.of("cases", cases));
  }
}
