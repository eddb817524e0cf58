package dev.interdict.mutation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One small change that makes the product wrong, and the tests that have to notice it.
 *
 * @param tests simple names of classes
 * @param guest whether they run in the virtual machine only
 * @param equivalent why nothing can notice it; empty: something must
 */
record Mutant(
    String id,
    Path file,
    List<String> tests,
    boolean guest,
    String meaning,
    String before,
    String after,
    String equivalent) {

  /**
   * Reads a list: a line {@code ID FILE TEST[,TEST] | MEANING}, then one of each {@code - text} and
   * {@code + text}, and for an equivalent one {@code = reason}. A dash before the tests' names
   * marks those that run in the virtual machine. Empty lines and {@code #} lines are skipped.
   *
   * @param sources where files are looked for by their simple name
   * @throws IllegalArgumentException if the list is none, or names a file that is not there
   */
  static List<Mutant> read(Path list, Path sources) throws IOException {
    List<Mutant> mutants = new ArrayList<>();
    List<String> block = new ArrayList<>();
    for (String line : Files.readAllLines(list)) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      if (line.matches("\\w.*") && !block.isEmpty()) {
        mutants.add(of(block, sources));
        block.clear();
      }
      block.add(line);
    }
    mutants.add(of(block, sources));
    return mutants;
  }

  private static Mutant of(List<String> block, Path sources) throws IOException {
    String[] parts = block.getFirst().split(" \\| ", 2);
    String[] words = parts[0].strip().split(" +", -1);
    if (parts.length != 2 || words.length != 3) {
      throw new IllegalArgumentException("no mutant: " + block.getFirst());
    }
    boolean guest = words[2].startsWith("-");
    return new Mutant(
        words[0],
        find(words[1], sources),
        List.of(words[2].substring(guest ? 1 : 0).split(",", -1)),
        guest,
        parts[1],
        field(block, "- "),
        field(block, "+ "),
        field(block, "= "));
  }

  private static String field(List<String> block, String mark) {
    return block.stream()
        .filter(line -> line.startsWith(mark))
        .map(line -> line.substring(mark.length()))
        .findFirst()
        .orElse("");
  }

  private static Path find(String name, Path sources) throws IOException {
    try (Stream<Path> files = Files.walk(sources)) {
      return files
          .filter(file -> file.endsWith(name))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("no file " + name + " in " + sources));
    }
  }

  boolean isJava() {
    return file.toString().endsWith(".java");
  }

  /** The file with the change; null if the text is not there, or more than once. */
  String changed() throws IOException {
    String text = Files.readString(file);
    int at = before.isEmpty() ? -1 : text.indexOf(before);
    if (at < 0 || text.indexOf(before, at + 1) >= 0) {
      return null;
    }
    return text.substring(0, at) + after + text.substring(at + before.length());
  }
}
