package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * A policy that nobody should put into force, and the way in which it is put out of force again.
 * All are of one of two modules, and differ by their data and their manifest.
 *
 * @param number which of {@link #ALL} it is
 * @param family what is wrong about it
 */
record BadPolicy(
    int number, String family, String template, String manifest, String data, End end, Engine by) {

  /** What ends it. */
  enum End {
    /** Nobody confirms it. */
    LEASE,
    /** It refuses more subjects than its budget has. */
    BUDGET
  }

  /** What becomes of the engine meanwhile. */
  enum Engine {
    ALIVE,
    FROZEN,
    KILLED
  }

  private static final List<String> FILE_HOOKS =
      List.of("exec", "mmap_exec", "file_open", "file_change");

  private static final Map<String, List<String>> FAMILIES =
      new TreeMap<>(
          Map.of(
              "loader and libraries", List.of("/lib64/ld", "/usr/lib", "/lib"),
              "logins", List.of("/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/", "/etc/"),
              "the engine's own", List.of("/run/", "/var/lib/", "/opt/", "/sys/"),
              "devices", List.of("/dev", "/proc")));

  /** The same ones each time. */
  static final List<BadPolicy> ALL = generate(500); // last: it is made of what is above

  /** Its files, as they are applied. */
  SortedMap<String, byte[]> sources() {
    SortedMap<String, byte[]> sources = TrialPolicies.sources(template);
    sources.put(PolicySource.POLICY_YAML, manifest.getBytes(UTF_8));
    sources.put(TrialPolicies.DATA, data.getBytes(UTF_8));
    return sources;
  }

  /** What they compile to: the rules are the template's, whatever the data. */
  byte[] compiled() {
    try {
      var policy =
          PolicyParser.parse(new PolicySource(PolicySource.POLICY_YAML, sources())).policy();
      CompiledPolicy of = CompiledPolicyFile.fromBytes(TrialPolicies.compiled(template));
      return CompiledPolicyFile.toBytes(
          new CompiledPolicy(
              of.name(),
              RegoCompiler.digest(policy),
              of.wasm(),
              policy.data(),
              of.tables(),
              of.concerns(),
              of.reads(),
              of.labels(),
              of.literals(),
              of.warnings()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<BadPolicy> generate(int count) {
    Random random = new Random(2024);
    Random spare = new Random(2025); // whoever is another one's twin changes nobody after it
    Set<String> seen = new HashSet<>();
    List<BadPolicy> all = new ArrayList<>();
    while (all.size() < count) {
      BadPolicy one = generate(all.size(), random);
      while (!seen.add(one.manifest() + one.data())) {
        one = generate(all.size(), spare);
      }
      all.add(one);
    }
    return List.copyOf(all);
  }

  private static BadPolicy generate(int number, Random random) {
    Map<String, Object> data =
        new TreeMap<>(
            Map.of(
                "prefixes", List.of(),
                "suffixes", List.of(),
                "programs", List.of(),
                "users", List.of(),
                "closed", false,
                "kill", false,
                "work", 0));
    boolean sockets = number % 7 == 6;
    String family = sockets ? network(data, number, random) : files(data, number, random);
    boolean kills = Boolean.TRUE.equals(data.get("kill"));
    End end = number % 3 == 2 ? End.BUDGET : End.LEASE;
    // A start takes the emulated machine a minute, so few are killed: of those that are tried by
    // themselves one that waits for its end, which nobody else is there to make.
    Engine by = number % 25 == 23 ? Engine.KILLED : number % 2 == 0 ? Engine.ALIVE : Engine.FROZEN;
    String hooks =
        sockets ? "socket_connect, socket_create" : String.join(", ", some(FILE_HOOKS, random));
    String manifest =
        """
        apiVersion: interdict.dev/v1
        kind: Policy
        metadata: {name: %s}
        spec:
          hooks: [%s]
          mode: enforce
        %s  onMiss: %s
          fallback: %s
          unknownPath: %s
        %s"""
            .formatted(
                sockets ? "trial-bad-net" : "trial-bad",
                hooks,
                // A machine whose first process is killed has no end to come back from.
                kills || random.nextInt(3) == 0 ? "  scope: {cgroups: [\"/bad\"]}\n" : "",
                List.of("hold", "deny", "allow").get(random.nextInt(3)),
                random.nextBoolean() ? "deny" : "allow",
                random.nextBoolean() ? "deny" : "judge",
                end == End.BUDGET ? "  budget: {subjects: 1, window: 1d}\n" : "");
    return new BadPolicy(
        number,
        family,
        sockets ? "trial-bad-net" : "trial-bad",
        manifest,
        JsonMapper.shared().writeValueAsString(data),
        end,
        by);
  }

  private static List<String> some(List<String> of, Random random) {
    int bits = 1 + random.nextInt((1 << of.size()) - 1);
    List<String> some = new ArrayList<>();
    for (int i = 0; i < of.size(); i++) {
      if ((bits >> i & 1) != 0) {
        some.add(of.get(i));
      }
    }
    return some;
  }

  private static String network(Map<String, Object> data, int number, Random random) {
    switch (number / 7 % 4) {
      case 0 -> data.put("closed", true);
      case 1 -> data.put("programs", List.of("/"));
      case 2 -> data.put("users", List.of(0));
      default -> {
        data.put("closed", true);
        data.put("work", slow(random));
      }
    }
    return "the network";
  }

  /** Up to a tenth of a second of work, where half of that is the limit. */
  private static int slow(Random random) {
    return 10 << random.nextInt(14);
  }

  private static String files(Map<String, Object> data, int number, Random random) {
    List<String> named = List.copyOf(FAMILIES.keySet());
    int family = number % 12;
    if (family < named.size()) {
      data.put("prefixes", some(FAMILIES.get(named.get(family)), random));
      return named.get(family);
    }
    switch (family) {
      case 4 -> data.put("prefixes", List.of(""));
      case 5 -> data.put("prefixes", List.of(wide(random), wide(random), wide(random)));
      case 6 -> data.put("suffixes", some(List.of("a", "e", "h", "m", "n", "o", "t"), random));
      case 7 -> data.put("programs", List.of(random.nextBoolean() ? "/" : wide(random)));
      case 8 -> data.put("users", List.of(0));
      case 9 -> data.put("closed", true);
      case 10 -> {
        data.put("prefixes", List.of("/"));
        data.put("work", slow(random));
      }
      default -> {
        data.put("closed", true);
        data.put("kill", true);
      }
    }
    return List.of(
            "everything",
            "wide",
            "suffixes",
            "programs",
            "root",
            "an empty allow list",
            "slow",
            "killing")
        .get(family - named.size());
  }

  /** The beginning of a path that hosts have. */
  private static String wide(Random random) {
    String path =
        List.of("/usr/bin", "/opt/attack", "/trial/files", "/etc", "/sys/fs/cgroup")
            .get(random.nextInt(5));
    return path.substring(0, 1 + random.nextInt(path.length()));
  }

  @Override
  public String toString() {
    return "%d: %s, %s, engine %s".formatted(number, family, end, by);
  }
}
