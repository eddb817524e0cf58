package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.event.Hook;
import dev.interdict.testkit.GoProgram;
import dev.interdict.testkit.RegoToWasm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTrialTest {
  private static final Path CLASSES = GoProgram.root().resolve(".cache/library-classes");

  private static List<String> problems(String rego) throws Exception {
    CompiledPolicy policy = RegoToWasm.compile("trial", rego, "{}");
    return PolicyTrial.problems(policy, Set.of(Hook.FILE_OPEN), CLASSES, Limits.DEFAULT);
  }

  private static final String SLOW =
      "some i in numbers.range(1, 3000)\nsome j in numbers.range(1, 3000)\ni * j == 0";

  @Test
  void whatAnswersInTimePasses() throws Exception {
    assertEquals(List.of(), problems("deny contains \"x\" if input.file.path == \"/a\""));
  }

  /** A policy must not drop out of force because of what only makes its start faster. */
  @Test
  void aClassCacheThatCannotBeUsedIsDoneWithout(@TempDir Path folder) throws Exception {
    CompiledPolicy policy =
        RegoToWasm.compile("trial", "deny contains \"x\" if input.file.path == \"/a\"", "{}");
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path file = Files.createFile(folder.resolve("file"));
    Path full = full(folder.resolve("full"));
    for (Path cache : List.of(open, file.resolve("classes"), full)) {
      PolicyModules modules = new PolicyModules(cache, Limits.DEFAULT);
      assertEquals(List.of(), PolicyTrial.problems(policy, Set.of(Hook.FILE_OPEN), modules));
      assertFalse(modules.isTried(policy, Set.of(Hook.FILE_OPEN)));
    }
    try (Stream<Path> files = Files.list(open)) {
      assertEquals(0, files.count(), "others may write there");
    }
  }

  /** A trial takes time at a start; what it has shown holds where more is allowed, and no more. */
  @Test
  void aTrialCountsForLooserLimitsAndNotForTighterOnes(@TempDir Path cache) throws Exception {
    CompiledPolicy policy =
        RegoToWasm.compile("trial", "deny contains \"x\" if input.file.path == \"/a\"", "{}");
    Set<Hook> open = Set.of(Hook.FILE_OPEN);
    Limits some = new Limits(Duration.ofMillis(60), 32 << 20);
    assertEquals(List.of(), PolicyTrial.problems(policy, open, new PolicyModules(cache, some)));
    for (long ms : List.of(59L, 60L, 61L)) {
      for (int mib : List.of(16, 32, 64)) {
        PolicyModules next = new PolicyModules(cache, new Limits(Duration.ofMillis(ms), mib << 20));
        assertEquals(ms >= 60 && mib >= 32, next.isTried(policy, open), ms + " ms, " + mib);
        assertFalse(next.isTried(policy, Set.of(Hook.FILE_OPEN, Hook.EXEC)), "another hook");
      }
    }
  }

  /** A cache into which nothing can be written. */
  private static Path full(Path cache) throws IOException {
    new ClassCache(cache);
    try (Stream<Path> translators = Files.list(cache)) {
      Path files = translators.findFirst().orElseThrow();
      Files.delete(files);
      Files.createFile(files);
    }
    return cache;
  }

  @Test
  void aListOfTenThousandIsOneLookUp() throws Exception {
    String list =
        IntStream.range(0, 10_000)
            .mapToObj(i -> "\"/a/" + i + "\"")
            .collect(Collectors.joining(","));
    assertEquals(
        List.of(),
        problems(
            "deny contains \"x\" if {\ninput.file.path in {"
                + list
                + "}\nnot input.process.uid in {0, 33}\n}"));
  }

  @Test
  void whatNeverAnswersIsRefused() throws Exception {
    List<String> problems = problems("deny contains \"x\" if {\n" + SLOW + "\n}");
    assertEquals(1, problems.size());
    assertTrue(
        problems.getFirst().contains("policy trial: took longer than 50 ms"), problems.getFirst());
  }

  /** What has no file is tried without one: a rule about it is not reached else. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "input.module.name == \"fs-squashfs\"",
        "\"request\" in input.access\nnot input.file.path",
        "\"memory\" in input.access\nnot input.file.path",
      })
  void whatNeverAnswersAboutWhatIsNoFileIsRefused(String condition) throws Exception {
    String rego = "deny contains \"x\" if {\n" + condition + "\n" + SLOW + "\n}";
    CompiledPolicy policy = RegoToWasm.compile("trial", rego, "{}", List.of("module_load"));
    List<String> problems =
        PolicyTrial.problems(policy, Set.of(Hook.MODULE_LOAD), CLASSES, Limits.DEFAULT);
    assertEquals(1, problems.size(), condition);
    assertTrue(problems.getFirst().contains("took longer than 50 ms"), problems.getFirst());
  }

  /** Code that is new to this process is slow, whoever else has tried it. */
  @Test
  void aWarmUpGoesOnUntilThePolicyAnswersInTime() {
    EvaluationException late =
        new EvaluationException(EvaluationException.Kind.TIMEOUT, "cold", "late", null);
    List<EvaluationException> answers = new ArrayList<>(Collections.nCopies(40, late));
    answers.add(null);
    PolicyTrial.untilItAnswers(answers::removeFirst, () -> true);
    assertEquals(List.of(), answers);
    EvaluationException trap =
        new EvaluationException(EvaluationException.Kind.TRAP, "broken", "trap", null);
    List<EvaluationException> others = new ArrayList<>(List.of(trap, trap));
    PolicyTrial.untilItAnswers(others::removeFirst, () -> true);
    assertEquals(1, others.size(), "what it has no answer to it will not have either");
    PolicyTrial.untilItAnswers(() -> late, () -> false);
  }

  /** With all facts there, silence is the policy's own. */
  @Test
  void whatContradictsItselfIsRefused() throws Exception {
    List<String> problems =
        problems("deny contains \"x\" if level == input.file.uid\nlevel := 1\nlevel := 2");
    assertEquals(1, problems.size());
    assertTrue(
        problems.getFirst().startsWith("gives no decision at file_open"), problems.getFirst());
  }

  /** Only events with what a rule looks for show what it costs. */
  @Test
  void theValuesOfTheRulesAreTried() throws Exception {
    List<String> problems =
        problems("deny contains \"x\" if {\ninput.file.path == \"/rare\"\n" + SLOW + "\n}");
    assertEquals(1, problems.size());
    assertTrue(problems.getFirst().contains("\"path\":\"/rare\""), problems.getFirst());
  }

  /** Who chooses a path can choose the longest. */
  @Test
  void longPathsAreTried() throws Exception {
    List<String> problems =
        problems(
            "deny contains \"x\" if {\nstartswith(input.file.path, \"/home/\")\ncount(input.file.path) >"
                + " 3900\n"
                + SLOW
                + "\n}");
    assertEquals(1, problems.size());
    assertTrue(problems.getFirst().contains("took longer than 50 ms"), problems.getFirst());
  }

  /** Who has a cgroup of his own makes others in it, with any names. */
  @Test
  void longCgroupsAreTried() throws Exception {
    List<String> problems =
        problems(
            "deny contains \"x\" if {\nstartswith(input.process.cgroup.path, \"/user.slice/\")\n"
                + "count(input.process.cgroup.path) > 3900\n"
                + SLOW
                + "\n}");
    assertEquals(1, problems.size());
    assertTrue(problems.getFirst().contains("took longer than 50 ms"), problems.getFirst());
  }

  @Test
  void aRuleTooLargeToBeTranslatedIsNamed() throws Exception {
    String lines =
        IntStream.range(0, 1500)
            .mapToObj(i -> "count([x | some x in input.access; x != \"" + i + "\"]) >= 0")
            .collect(Collectors.joining("\n"));
    List<String> problems = problems("deny contains \"x\" if vast\nvast if {\n" + lines + "\n}");
    assertEquals(1, problems.size());
    assertTrue(
        problems.getFirst().contains("data.interdict.policies.trial.vast is too large a rule"),
        problems.getFirst());
  }
}
