package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A scope of units and patterns, of which the kernel knows nothing: whom it covers is part of the
 * engine's answer, and that holds for one cgroup.
 */
@Tag("lsm")
class ScopeIT {
  private static final String POLICY = "trial-scope";
  private static final Path SCOPED = Guest.FILES.resolve("scoped");
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  private final Host host = Host.get();

  /** What it shows rests on none. */
  @BeforeAll
  static void onOneKernel() {
    assumeTrue(Share.isTurn(0));
  }

  @BeforeEach
  void apply() {
    Guest.file(SCOPED, "content\n");
    host.apply(POLICY);
  }

  @AfterEach
  void delete() {
    host.delete(POLICY);
  }

  /** A service that nobody has made before. */
  private static String unit(String name) {
    return "/system.slice/" + name + "-" + Path.of(Host.covered("x")).getFileName() + ".service";
  }

  private static List<String> results(List<String> cgroups) {
    return Attack.batch(cgroups.stream().map(one -> Attack.in(one, "open " + SCOPED)).toList())
        .stream()
        .map(Answer::result)
        .toList();
  }

  private static String result(String cgroup) {
    return results(List.of(cgroup)).getFirst();
  }

  private List<Outcome> told(String cgroup) {
    return host.decisions().of(cgroup, Hook.FILE_OPEN).stream().map(Decision::getOutcome).toList();
  }

  /** All of these are made after the policy; root is known to the kernel from the first on. */
  @Test
  void onlyWhomTheScopeNamesMustBeRefused() {
    List<String> covered =
        List.of(
            unit("trial-scoped"),
            unit("trial-scoped") + "/below/it",
            "/a.slice" + unit("trial-scoped"),
            "/trial-pattern-a/inner",
            "/trial-pattern-b/inner/deep");
    List<String> others =
        List.of(
            unit("trial-other"),
            unit("trial-other") + "/trial-scoped-1.service",
            "/trial-pattern-a/outer",
            "/trial-pattern/inner");
    List<String> all = Stream.concat(others.stream(), covered.stream()).toList();
    List<String> expected =
        all.stream().map(one -> covered.contains(one) ? "EPERM" : "ok").toList();
    assertEquals(expected, results(all));
    assertEquals(expected, results(all), "the kernel's verdict");
    host.settle();
    covered.forEach(
        one ->
            assertEquals(List.of(Outcome.OUTCOME_DENIED, Outcome.OUTCOME_DENIED), told(one), one));
    others.forEach(one -> assertEquals(List.of(), told(one), one));
  }

  @Test
  void inAuditItMustBeToldAndNotRefused() {
    String covered = unit("trial-scoped");
    String other = unit("trial-other");
    host.mode(Mode.MODE_AUDIT);
    try {
      assertEquals(List.of("ok", "ok"), results(List.of(covered, other)));
      host.settle();
      assertEquals(List.of(Outcome.OUTCOME_WOULD_DENY), told(covered));
      assertEquals(List.of(), told(other));
    } finally {
      host.mode(Mode.MODE_ENFORCE);
    }
    assertEquals(List.of("EPERM", "ok"), results(List.of(covered, other)));
  }

  /** One process, so that nothing but its cgroup is another. */
  @Test
  void aProcessThatMovesMustBeJudgedWhereItIs() {
    Path inside = Guest.cgroup(unit("trial-scoped"));
    Path outside = Guest.cgroup(unit("trial-other"));
    String open = "if true < " + SCOPED + "; then echo ok; else echo no; fi 2>/dev/null; ";
    StringBuilder script = new StringBuilder();
    for (Path place : List.of(outside, inside, outside, inside)) {
      script.append("echo $$ > ").append(place.resolve("cgroup.procs")).append("; ").append(open);
    }
    script.append("echo $$ > ").append(CGROUPS.resolve("cgroup.procs"));
    assertEquals("ok\nno\nok\nno\n", Guest.run("sh", "-c", script.toString()));
  }

  @Test
  void whatAKilledEngineHasSaidMustHoldAndTheNextOneSayTheSame() {
    String covered = unit("trial-scoped");
    String other = unit("trial-other");
    assertEquals(List.of("EPERM", "ok"), results(List.of(covered, other)));
    host.engine().kill();
    try {
      assertEquals(List.of("EPERM", "ok"), results(List.of(covered, other)));
      assertEquals("ok", result(unit("trial-other")), "nobody knows, and nobody is refused");
    } finally {
      host.restart();
    }
    assertEquals(List.of("EPERM", "ok"), results(List.of(covered, other)));
    assertEquals("EPERM", result(unit("trial-scoped")));
  }
}
