package dev.interdict.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MutantListTest {
  /** What is not there cannot be made wrong: who changes a line changes the list. */
  @Test
  void eachChangeOfTheListIsOneOfTheCodeAsItIs() throws IOException {
    List<String> behind = new ArrayList<>();
    List<Mutant> mutants = new ArrayList<>();
    mutants.addAll(Mutant.read(Path.of("mutants.txt"), Path.of("src/main/java")));
    mutants.addAll(Mutant.read(Path.of("../bpf/mutants.txt"), Path.of("../bpf")));
    for (Mutant mutant : mutants) {
      if (mutant.changed() == null) {
        behind.add(mutant.id() + ": not exactly once: " + mutant.before());
      }
    }
    assertEquals(List.of(), behind);
  }
}
