package dev.interdict.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages depend on each other as package-edges.txt says, and native code has one door. */
class PackageEdgesTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/interdict");
  private static final Pattern OURS =
      Pattern.compile("^import (?:static )?dev\\.interdict\\.(\\w+)\\.", Pattern.MULTILINE);
  private static final Pattern LINKER = Pattern.compile("java\\.lang\\.foreign\\.(Linker|Symbol)");

  @Test
  void everyImportIsAnAllowedEdge() throws IOException {
    Map<String, Set<String>> allowed = allowed();
    List<String> wrong = new ArrayList<>();
    for (Path file : sources()) {
      String from = packageOf(file);
      for (String to : (Iterable<String>) imports(file)::iterator) {
        if (!to.equals(from) && !allowed.getOrDefault(from, Set.of()).contains(to)) {
          wrong.add(file.getFileName() + ": " + from + " -> " + to);
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void everyEdgePointsUpSoThatThereIsNoCycle() throws IOException {
    Set<String> above = new TreeSet<>();
    allowed()
        .forEach(
            (from, to) -> {
              assertTrue(above.containsAll(to), from + " uses what stands below it: " + to);
              above.add(from);
            });
  }

  @Test
  void onlyLibbpfLinksNativeCode() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : sources()) {
      if (!packageOf(file).equals("libbpf") && LINKER.matcher(Files.readString(file)).find()) {
        wrong.add(file.toString());
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static Map<String, Set<String>> allowed() throws IOException {
    Map<String, Set<String>> edges = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("package-edges.txt"))) {
      if (!line.startsWith("#") && !line.isBlank()) {
        String[] sides = line.split(" ->", 2);
        Set<String> to = new TreeSet<>(List.of(sides[1].strip().split(" ", -1)));
        to.remove("");
        edges.put(sides[0], to);
      }
    }
    return edges;
  }

  private static Stream<String> imports(Path file) throws IOException {
    return OURS.matcher(Files.readString(file))
        .results()
        .map((MatchResult m) -> m.group(1))
        .filter(name -> Files.isDirectory(SOURCES.resolve(name)));
  }

  private static String packageOf(Path file) {
    return SOURCES.relativize(file).getName(0).toString();
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<Path> found = files.filter(f -> f.toString().endsWith(".java")).sorted().toList();
      assertFalse(found.isEmpty());
      return found;
    }
  }
}
