package dev.interdict.policy;

import dev.interdict.builtins.Glob;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What {@code policy.yaml} says, checked: one policy as an operator applies it. Immutable.
 *
 * @param name lower-case letters, digits and dashes; starts with a letter, at most 63
 * @param hooks where it is asked; not empty
 * @param scope where it applies
 * @param onMiss what the first event of a kind meets
 * @param fallback the answer when there is none in time
 * @param unparsedPass whether packets whose headers cannot be read, and sockets that may send
 *     elsewhere than to their address or are bound elsewhere, too, pass (default: they are refused)
 * @param judgesUnknownPath whether what has no path that can be told is judged without it (default:
 *     a policy that reads the path refuses it)
 * @param budget refused subjects per window after which the kernel itself stops enforcing it; null:
 *     none
 * @param rego Rego sources by file name, the lowered YAML rules among them; not empty
 * @param data the JSON document {@code data}, UTF-8; {@code {}} if the policy has none
 */
public record Policy(
    String name,
    String description,
    Map<String, String> labels,
    Set<Hook> hooks,
    Mode mode,
    Scope scope,
    OnMiss onMiss,
    Fallback fallback,
    boolean unparsedPass,
    boolean judgesUnknownPath,
    Budget budget,
    Map<String, String> rego,
    byte[] data) {

  /**
   * At which of its hooks what cannot be read passes unless its rules refuse it: it says so, or its
   * rules read nothing of what is missing there. At the others the kernel refuses it and does not
   * ask.
   */
  public Set<Hook> passesUnread(ReadSet reads) {
    Set<Hook> passes = EnumSet.copyOf(hooks);
    passes.removeIf(hook -> !unparsedPass && misses(hook, reads));
    return Set.copyOf(passes);
  }

  private boolean misses(Hook hook, ReadSet reads) {
    if (hook.isLocal()) {
      return reads.mayRead("socket.local.address") || reads.mayRead("socket.local.port");
    }
    return hook == Hook.XDP_INGRESS
        || (hook == Hook.SOCKET_CONNECT && reads.mayRead("socket.address"));
  }

  /** Whether a denial is carried out or only recorded. */
  public enum Mode {
    AUDIT,
    ENFORCE
  }

  /** What happens on a miss, in enforce mode. */
  public enum OnMiss {
    HOLD,
    ALLOW,
    DENY
  }

  /** The answer when holding ends without a decision. */
  public enum Fallback {
    ALLOW,
    DENY
  }

  /**
   * Where a policy applies. Of the lists that name processes one entry is enough; are all of them
   * empty, every process is meant. Patterns are {@link Glob}s.
   *
   * @param cgroups paths below the cgroup v2 root, each with all that is below it
   * @param interfaces names of network interfaces for packet hooks; empty: none
   * @param patterns over such paths, each with all that is below what it matches
   * @param units over names of systemd units
   */
  public record Scope(
      List<String> cgroups,
      List<String> interfaces,
      List<Glob> patterns,
      List<Glob> units,
      List<Containers> containers) {
    private static final Pattern WILD = Pattern.compile("[*?]");

    /** One that the kernel itself can tell. */
    public Scope(List<String> cgroups, List<String> interfaces) {
      this(cgroups, interfaces, List.of(), List.of(), List.of());
    }

    /**
     * The same of texts.
     *
     * @param cgroups paths, and patterns over them
     * @throws IllegalArgumentException if a pattern is too long
     */
    public static Scope of(
        List<String> cgroups,
        List<String> interfaces,
        List<String> units,
        List<Map<String, String>> containers) {
      return new Scope(
          cgroups.stream().filter(text -> !isPattern(text)).toList(),
          List.copyOf(interfaces),
          cgroups.stream().filter(Scope::isPattern).map(Glob::new).toList(),
          units.stream().map(Glob::new).toList(),
          containers.stream().map(Containers::of).toList());
    }

    static boolean isPattern(String text) {
      return WILD.matcher(text).find();
    }

    /** Paths and patterns, as they are written. */
    public List<String> cgroupTexts() {
      return Stream.concat(cgroups.stream(), patterns.stream().map(Glob::toString)).toList();
    }

    /** The patterns over units, as they are written. */
    public List<String> unitTexts() {
      return units.stream().map(Glob::toString).toList();
    }

    /** What is said of containers, as it is written. */
    public List<Map<String, String>> containerTexts() {
      return containers.stream().map(Containers::texts).toList();
    }

    /** Whether every process of the host is in it. */
    public boolean isWholeHost() {
      return cgroups.contains("/") || (cgroups.isEmpty() && !isJudged());
    }

    /**
     * Whether only the engine can tell whom it covers: the kernel asks about everybody then, and
     * the answer is about one cgroup.
     */
    public boolean isJudged() {
      return !cgroups.contains("/")
          && !(patterns.isEmpty() && units.isEmpty() && containers.isEmpty());
    }

    /** The facts that say whom it covers, if it is judged. */
    public Set<String> facts() {
      Set<String> facts = new TreeSet<>();
      if (isJudged() && !(cgroups.isEmpty() && patterns.isEmpty())) {
        facts.add("process.cgroup.path");
      }
      if (isJudged() && !units.isEmpty()) {
        facts.add("process.unit");
      }
      if (isJudged()) {
        containers.forEach(one -> facts.addAll(one.facts()));
      }
      return facts;
    }

    /**
     * Whether it covers a process: the one place that says so.
     *
     * @param cgroup the path of its cgroup; null: not known
     * @return null: that cannot be told
     */
    public Boolean covers(String cgroup, Workload whose) {
      if (isWholeHost()) {
        return true;
      }
      boolean within = cgroup != null && isBelow(cgroup);
      if (whose.told()) {
        within |= whose.unit() != null && anyMatches(units, whose.unit());
        within |= containers.stream().anyMatch(one -> one.covers(whose.container()));
      }
      boolean asksPath = !(cgroups.isEmpty() && patterns.isEmpty());
      boolean asksWhose = !(units.isEmpty() && containers.isEmpty());
      boolean untold = (asksPath && cgroup == null) || (asksWhose && !whose.told());
      return within ? Boolean.TRUE : untold ? null : Boolean.FALSE;
    }

    private boolean isBelow(String cgroup) {
      return !cgroup.equals("/") // no pattern means the root
          && (cgroups.stream().anyMatch(one -> (cgroup + "/").startsWith(one + "/"))
              || patterns.stream().anyMatch(one -> one.matchesOrAbove(cgroup)));
    }

    private static boolean anyMatches(List<Glob> globs, Word word) {
      return globs.stream().anyMatch(glob -> glob.matches(word.text()));
    }
  }

  /**
   * Some containers; what is null does not matter. Of what only may be a container nothing but that
   * is known.
   *
   * @param unknown null, or whether those are meant that only may be one
   */
  public record Containers(Glob name, Glob image, Glob namespace, Glob pod, Boolean unknown) {
    static final List<String> KEYS = List.of("name", "image", "namespace", "pod", "state");

    private static Containers of(Map<String, String> texts) {
      String state = texts.get("state");
      return new Containers(
          glob(texts, "name"),
          glob(texts, "image"),
          glob(texts, "namespace"),
          glob(texts, "pod"),
          state == null ? null : state.equals("unknown"));
    }

    private static Glob glob(Map<String, String> texts, String key) {
      return texts.containsKey(key) ? new Glob(texts.get(key)) : null;
    }

    private Map<String, String> texts() {
      Map<String, String> texts = new TreeMap<>();
      globs().forEach((key, glob) -> texts.put(key, glob.toString()));
      if (unknown != null) {
        texts.put("state", unknown ? "unknown" : "known");
      }
      return texts;
    }

    private Map<String, Glob> globs() {
      Map<String, Glob> globs = new TreeMap<>();
      Glob[] all = {name, image, namespace, pod};
      for (int i = 0; i < all.length; i++) {
        if (all[i] != null) {
          globs.put(KEYS.get(i), all[i]);
        }
      }
      return globs;
    }

    private Set<String> facts() {
      Set<String> facts = new TreeSet<>(Set.of("process.container.state"));
      for (String key : globs().keySet()) {
        facts.add(
            switch (key) {
              case "namespace" -> "process.container.pod.namespace";
              case "pod" -> "process.container.pod.name";
              default -> "process.container." + key;
            });
      }
      return facts;
    }

    private boolean covers(Container container) {
      if (container == null) {
        return false;
      }
      Workload.Pod in = container.pod();
      return container.known() != Boolean.TRUE.equals(unknown)
          && fits(name, container.name())
          && fits(image, container.image())
          && fits(namespace, in == null ? null : in.namespace())
          && fits(pod, in == null ? null : in.name());
    }

    private static boolean fits(Glob glob, Word word) {
      return glob == null || (word != null && glob.matches(word.text()));
    }
  }

  /**
   * How many subjects it may refuse.
   *
   * @param subjects executables, of one unit at most four; sources of packets
   * @param window in which they are counted
   * @param settle how long after it began to enforce the kernel stops enforcing it; then it only
   *     raises an alarm. Null: always
   */
  public record Budget(long subjects, Duration window, Duration settle) {}
}
