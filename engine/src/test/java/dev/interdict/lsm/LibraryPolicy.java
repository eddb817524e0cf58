package dev.interdict.lsm;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A policy of the library as the virtual machine has it, with its cases. One that covers every
 * process is confined to cgroups of its own, so that it does not judge the test.
 *
 * @param compiled by the test of the library where the tests are built
 */
record LibraryPolicy(
    String name,
    Set<Hook> hooks,
    SortedMap<String, byte[]> sources,
    byte[] compiled,
    List<Cases.Case> cases,
    List<Act> acts) {
  private static final Path FOLDER = Path.of("/opt/interdict/policies");
  private static final Path COMPILED = Path.of("/opt/interdict/test/library");

  static List<LibraryPolicy> all() {
    return folders().map(LibraryPolicy::read).toList();
  }

  static List<String> names() {
    return folders().map(folder -> folder.getFileName().toString()).toList();
  }

  private static Stream<Path> folders() {
    try (Stream<Path> paths = Files.walk(FOLDER, 3)) {
      return paths
          .filter(path -> path.endsWith("policy.yaml"))
          .map(Path::getParent)
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean hasLabels(Cases.Case about) {
    return !JsonMapper.shared().readTree(about.inputJson()).at("/process/labels").isEmpty();
  }

  /** What the kernel starts has no program yet, and is in the root cgroup: no test can act so. */
  private static boolean isKernel(Cases.Case about) {
    JsonNode process = JsonMapper.shared().readTree(about.inputJson()).path("process");
    return process.at("/exe/path").isMissingNode()
        && process.at("/cgroup/path").asString("").equals("/");
  }

  private static LibraryPolicy read(Path folder) {
    try {
      PolicySource source = PolicySource.read(folder);
      ParsedPolicy parsed = PolicyParser.parse(source);
      String name = parsed.orThrow().name();
      Set<String> scope = new LinkedHashSet<>(parsed.policy().scope().cgroups());
      boolean confined = !scope.isEmpty();
      if (!confined) {
        scope.add("/library/" + name);
      }
      // Of what somebody has done before a case has the label alone.
      List<Cases.Case> cases =
          Cases.read(parsed.cases(), parsed.policy()).list().stream()
              .filter(about -> !hasLabels(about) && !isKernel(about))
              .toList();
      List<Act> acts = new ArrayList<>();
      for (int i = 0; i < cases.size(); i++) {
        acts.add(Act.of(cases.get(i), scope.iterator().next() + "/" + name + "-" + i));
      }
      SortedMap<String, byte[]> files = new TreeMap<>(source.files());
      if (!confined) {
        acts.forEach(act -> scope.add(act.cgroup()));
        files.merge(PolicySource.POLICY_YAML, new byte[0], (yaml, none) -> confine(yaml, scope));
      }
      return new LibraryPolicy(
          name,
          parsed.policy().hooks(),
          files,
          Files.readAllBytes(COMPILED.resolve(name + ".zip")),
          cases,
          acts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (PolicyException e) {
      throw new AssertionError(folder + ": " + e.diagnostics(), e);
    }
  }

  /** At the end: the compiled policy knows the lines of the rules. */
  private static byte[] confine(byte[] yaml, Set<String> cgroups) {
    return (new String(yaml, UTF_8).stripTrailing()
            + "\n  scope: {cgroups: "
            + List.copyOf(cgroups)
            + "}\n")
        .getBytes(UTF_8);
  }
}
