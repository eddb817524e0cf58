package dev.interdict.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MutantListTest {
  private static List<Mutant> engine() throws IOException {
    return Mutant.read(Path.of("mutants.txt"), Path.of("src/main/java"));
  }

  private static List<Mutant> kernel() throws IOException {
    return Mutant.read(Path.of("../bpf/mutants.txt"), Path.of("../bpf"));
  }

  @Test
  void thePageHasTheNumbersOfTheLists() throws IOException {
    String page = Files.readString(Path.of("README.md"));
    List<Mutant> packets = kernel();
    packets.removeIf(Mutant::guest);
    List<Mutant> tasks = kernel();
    tasks.removeIf(mutant -> !mutant.guest());
    for (String row :
        List.of(
            row("`engine/mutants.txt`", engine()),
            row("`bpf/mutants.txt`, packets", packets),
            row("`bpf/mutants.txt`, task hooks", tasks))) {
      assertTrue(page.contains("\n" + row), () -> "engine/README.md has no row " + row);
    }
  }

  private static String row(String list, List<Mutant> mutants) {
    long equivalent = mutants.stream().filter(mutant -> !mutant.equivalent().isEmpty()).count();
    return "| %s | %d | %d |".formatted(list, mutants.size(), equivalent);
  }

  /** What is not there cannot be made wrong: who changes a line changes the list. */
  @Test
  void eachChangeOfTheListIsOneOfTheCodeAsItIs() throws IOException {
    List<String> behind = new ArrayList<>();
    List<Mutant> mutants = new ArrayList<>();
    mutants.addAll(engine());
    mutants.addAll(kernel());
    for (Mutant mutant : mutants) {
      if (mutant.changed() == null) {
        behind.add(mutant.id() + ": not exactly once: " + mutant.before());
      }
    }
    assertEquals(List.of(), behind);
  }
}
