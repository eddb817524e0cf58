package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.GoProgram;
import java.io.BufferedReader;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/**
 * OPA's own cases in the language that policies are written in, unedited, run the way OPA tests its
 * own WebAssembly host ({@code internal/wasm/sdk/test/e2e}): those that begin at every tenth line,
 * or all of them with {@code -Dtest.jvm.args=-Dinterdict.opa.cases=1}, which takes a minute of
 * processor time.
 */
class OpaCasesTest {
  private static final int EVERY = Integer.getInteger("interdict.opa.cases", 10);

  /** Fewer than these mean that something has got lost. */
  private static final int CASES = 2400;

  private static final int AGREED = 2046;

  /** Lines that are in memory at once; some 200 kB each. */
  private static final int BATCH = 64;

  /** What became of one case: {@code why} is empty if we agree. */
  private record Outcome(OpaCase of, String why) {}

  @Test
  void ourHostAnswersAsOpaDoes() throws Exception {
    Map<String, String> excepted = exceptions();
    Map<String, String> wrong = new TreeMap<>();
    Map<String, Integer> notOffered = new TreeMap<>();
    Set<String> different = new TreeSet<>();
    int agreed = 0;
    int cases = 0;
    for (Outcome outcome : outcomes()) {
      String note = outcome.of.note();
      cases++;
      if (!outcome.of.builtin().isEmpty()) {
        notOffered.merge(outcome.of.builtin(), 1, Integer::sum);
      } else if (outcome.why.isEmpty()) {
        agreed++;
        assertFalse(excepted.containsKey(note), () -> note + " agrees: no exception");
      } else if (excepted.containsKey(note)) {
        different.add(note);
      } else {
        wrong.put(outcome.of.folder() + ": " + note, outcome.why);
      }
    }
    System.out.printf(
        "OPA's cases, one in %d: %d run, %d agreed, excepted %s, of builtins not offered %d %s%n",
        EVERY, cases, agreed, different, sum(notOffered), notOffered);
    assertEquals(Map.of(), wrong);
    assertTrue(cases >= CASES / EVERY, cases + " cases");
    assertTrue(agreed >= (EVERY == 1 ? AGREED : AGREED / EVERY * 9 / 10), agreed + " agreed");
    assertTrue(EVERY > 1 || different.equals(excepted.keySet()), different::toString);
  }

  private static int sum(Map<String, Integer> counts) {
    return counts.values().stream().mapToInt(n -> n).sum();
  }

  private static List<Outcome> outcomes() throws Exception {
    List<Outcome> outcomes = new ArrayList<>();
    List<String> batch = new ArrayList<>();
    try (BufferedReader lines = GoProgram.opaCases()) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (number++ % EVERY == 0) {
          batch.add(line);
        }
        if (batch.size() == BATCH) {
          outcomes.addAll(run(batch));
          batch.clear();
        }
      }
    }
    outcomes.addAll(run(batch));
    return outcomes;
  }

  private static List<Outcome> run(List<String> lines) {
    return lines.parallelStream()
        .map(line -> new OpaCase(JsonMapper.shared().readTree(line)))
        .map(c -> new Outcome(c.withoutModule(), c.builtin().isEmpty() ? c.run() : ""))
        .toList();
  }

  /** Cases that are answered differently, each with its reason. */
  private static Map<String, String> exceptions() throws Exception {
    try (InputStream in = OpaCasesTest.class.getResourceAsStream("opa-exceptions.txt")) {
      return new String(in.readAllBytes(), UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(line -> line.split(" => ", 2))
          .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
    }
  }
}
