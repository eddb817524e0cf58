package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.testkit.Share;
import dev.interdict.v1.PolicyCounters;
import dev.interdict.v1.Rollout;
import dev.interdict.v1.RolloutUnit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A rollout on a real kernel. The policy refuses the secret, its candidate something public and the
 * victim: each unit has one side, and the whole of it. What rests on clock and budget alone is
 * tried on one kernel each.
 */
@Tag("lsm")
class CanaryIT {
  private static final Path SECRET = Guest.FILES.resolve("secret");
  private static final Path PUBLIC = Guest.FILES.resolve("public");
  private static final Path VICTIM = Guest.FILES.resolve("victim");
  private static final Duration LONG = Duration.ofHours(1);

  /** What happens to secret and public where the policy refuses, and where its candidate does. */
  private static final List<String> POLICY = List.of("EPERM", "ok");

  private static final List<String> CANDIDATE = List.of("ok", "EPERM");

  private final Host host = Host.get();

  @BeforeEach
  void apply() {
    Guest.file(PUBLIC, "content\n");
    Guest.cgroup("/canary");
    host.admin().apply("trial-canary");
  }

  @AfterEach
  void delete() {
    if (isUnderWay()) {
      host.admin().abort("trial-canary");
    }
    host.admin().delete("trial-canary");
  }

  private boolean isUnderWay() {
    return !host.admin().rollout().getPolicy().isEmpty();
  }

  private static Map<String, List<String>> results(List<String> cgroups) {
    List<String> lines = new ArrayList<>();
    for (String cgroup : cgroups) {
      lines.add(Attack.in(cgroup, "open " + SECRET));
      lines.add(Attack.in(cgroup, "open " + PUBLIC));
    }
    List<Answer> answers = Attack.batch(lines);
    Map<String, List<String>> results = new TreeMap<>();
    for (int i = 0; i < cgroups.size(); i++) {
      results.put(
          cgroups.get(i), List.of(answers.get(2 * i).result(), answers.get(2 * i + 1).result()));
    }
    return results;
  }

  private static List<String> units(String name, int count) {
    List<String> units =
        IntStream.range(0, count).mapToObj(i -> "/canary/" + name + "-" + i).toList();
    units.forEach(Guest::cgroup);
    return units;
  }

  /** Those of {@code units} that the engine lists on the candidate's side. */
  private Set<String> listed(List<String> units) {
    return host.admin().rollout().getUnitsList().stream()
        .filter(RolloutUnit::getCanary)
        .map(RolloutUnit::getCgroup)
        .filter(units::contains)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> those(Map<String, List<String>> results, List<String> side) {
    return results.entrySet().stream()
        .filter(one -> one.getValue().equals(side))
        .map(Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void theKernelMustEnforceTheCandidateInTheUnitsThatAreListedAndInNoOther() {
    assumeTrue(Share.isTurn(2)); // on one kernel: each shows the sides with the first programs
    List<String> units = units("listed", 64);
    host.admin().candidate("trial-canary-next");
    Rollout rollout = host.admin().rollout("trial-canary", 25, LONG, LONG);
    assertEquals(25, rollout.getPercent());
    Set<String> canary = listed(units);
    assertTrue(canary.size() > 3 && canary.size() < 33, canary::toString);
    Map<String, List<String>> results = results(units);
    assertEquals(canary, those(results, CANDIDATE), results::toString);
    int others = units.size() - canary.size();
    assertEquals(others, those(results, POLICY).size(), "and nothing mixed");
    host.settle();
    PolicyCounters counters = host.admin().candidateOf("trial-canary").getPolicy().getCounters();
    assertEquals(canary.size(), counters.getDenied());
    assertEquals(others, counters.getWouldDeny());
    PolicyCounters other = host.admin().policy("trial-canary").getCounters();
    assertEquals(others, other.getDenied());
    assertEquals(canary.size(), other.getWouldDeny());

    List<String> nested = units.stream().map(unit -> unit + "/a/b").toList();
    assertEquals(
        canary.stream().map(unit -> unit + "/a/b").collect(Collectors.toCollection(TreeSet::new)),
        those(results(nested), CANDIDATE),
        "what is made in a unit has its side");

    host.admin().abort("trial-canary");
    host.engine().freeze();
    try {
      assertEquals(
          units.size(), those(results(units), POLICY).size(), "known, and nothing falls back");
    } finally {
      host.engine().thaw();
    }
  }

  /** Its number is the unit's from the moment at which it is made. */
  @Test
  void theFirstProgramOfANewUnitMustBeJudgedByItsSide() {
    host.admin().candidate("trial-canary-next");
    assertEquals(50, host.admin().rollout("trial-canary", 50, LONG, LONG).getPercent());
    Map<String, String> first = new TreeMap<>();
    for (int i = 0; i < 16; i++) {
      String unit = "/canary/first-" + i; // nobody has made it before
      first.put(unit, Attack.run(Attack.in(unit, "exec " + VICTIM)).result());
    }
    Set<String> canary = listed(List.copyOf(first.keySet()));
    assertFalse(canary.isEmpty() || canary.size() == first.size(), canary::toString);
    first.forEach(
        (unit, result) -> assertEquals(canary.contains(unit) ? "EPERM" : "ok", result, unit));
  }

  @Test
  void aKilledEngineMustLeaveTheStepAndTheNextOneGoOnWithIt() {
    assumeTrue(Share.isTurn(0));
    List<String> units = units("killed", 16);
    host.admin().candidate("trial-canary-next");
    assertEquals(50, host.admin().rollout("trial-canary", 50, LONG, LONG).getPercent());
    Set<String> canary = listed(units);
    assertEquals(canary, those(results(units), CANDIDATE));
    host.engine().kill();
    Map<String, List<String>> alone = results(units);
    assertEquals(canary, those(alone, CANDIDATE));
    assertEquals(units.size() - canary.size(), those(alone, POLICY).size());
    host.restart();
    assertEquals(50, host.admin().rollout().getPercent());
    assertEquals(canary, listed(units));
    assertEquals(canary, those(results(units), CANDIDATE));
  }

  /** What nobody follows ends by the kernel's clock. */
  @Test
  void aStepMustEndWithoutTheEngine() {
    assumeTrue(Share.isTurn(1));
    List<String> units = units("ended", 16);
    host.admin().candidate("trial-canary-next");
    boolean seen = false;
    for (int seconds = 20; !seen; seconds *= 3) { // a busy host may take longer to look
      assertEquals(
          50,
          host.admin()
              .rollout("trial-canary", 50, Duration.ofSeconds(1), Duration.ofSeconds(seconds))
              .getPercent());
      Set<String> canary = listed(units);
      Map<String, List<String>> results = results(units);
      seen = isUnderWay();
      if (seen) {
        assertEquals(canary, those(results, CANDIDATE));
      }
    }
    host.engine().freeze();
    try {
      Guest.eventually(() -> those(results(units), CANDIDATE).isEmpty());
      assertEquals(units.size(), those(results(units), POLICY).size());
    } finally {
      host.engine().thaw();
    }
    Guest.eventually(() -> !isUnderWay());
    assertFalse(isUnderWay());
  }

  /** Two units may be refused; the third takes the candidate out of all of them. */
  @Test
  void aBudgetThatIsUsedUpMustPutThePolicyBackWithoutTheEngine() {
    assumeTrue(Share.isTurn(2));
    List<String> units = units("tripped", 16);
    host.admin().candidate("trial-canary-small");
    assertEquals(90, host.admin().rollout("trial-canary", 90, LONG, LONG).getPercent());
    List<String> canary = List.copyOf(listed(units));
    assertTrue(canary.size() >= 3, canary::toString);
    assertEquals(Set.copyOf(canary.subList(0, 2)), those(results(canary.subList(0, 2)), CANDIDATE));
    host.engine().freeze();
    try {
      Answer third = Attack.run(Attack.in(canary.get(2), "open " + PUBLIC));
      assertEquals("ok", third.result(), "it only records now");
      assertEquals(units.size(), those(results(units), POLICY).size());
    } finally {
      host.engine().thaw();
    }
    Guest.eventually(() -> !isUnderWay());
    assertFalse(isUnderWay());
  }
}
