package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Every case of every policy of the library, done: the program, file or address that {@code
 * cases.yaml} names is made, run, opened or reached. What the case says is refused works without
 * the policy, is refused in enforce mode with one event, and works in audit with the same event;
 * its allowed twin always works, and nothing is told.
 *
 * <p>Each policy on one kernel. Not those on packets, whose interfaces a case cannot make.
 */
@Tag("lsm")
class LibraryIT {
  private final Host host = Host.get();

  @BeforeEach
  void stage() {
    Guest.directory(Act.STAGE);
  }

  @TestFactory
  Stream<DynamicTest> everyAttackIsRefusedAndEveryTwinUntouched() {
    List<LibraryPolicy> all =
        LibraryPolicy.all().stream()
            .filter(policy -> !policy.hooks().contains(Hook.XDP_INGRESS))
            .toList();
    return all.stream().filter(p -> Share.isTurn(all.indexOf(p))).flatMap(this::tests);
  }

  private Stream<DynamicTest> tests(LibraryPolicy policy) {
    List<String> commands = policy.acts().stream().map(Act::command).toList();
    List<Answer> free = Attack.batch(commands);
    host.admin().apply(policy.sources(), policy.compiled());
    host.admin().mode(policy.name(), Mode.MODE_ENFORCE);
    List<Answer> enforced = Attack.batch(commands);
    host.admin().mode(policy.name(), Mode.MODE_AUDIT);
    List<Answer> audited = Attack.batch(commands);
    host.settle();
    host.admin().delete(policy.name());
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < commands.size(); i++) {
      Cases.Case about = policy.cases().get(i);
      Act act = policy.acts().get(i);
      boolean refused = !(about.deny() instanceof Cases.Expected.Nothing);
      Answer without = free.get(i);
      Answer enforce = enforced.get(i);
      Answer audit = audited.get(i);
      tests.add(
          DynamicTest.dynamicTest(
              policy.name() + ": " + about.name(),
              () -> {
                assertEquals("ok", without.result(), without::toString);
                assertEquals(refused ? "EPERM" : "ok", enforce.result(), enforce::toString);
                assertEquals("ok", audit.result(), audit::toString);
                List<Outcome> expected =
                    refused
                        ? List.of(Outcome.OUTCOME_DENIED, Outcome.OUTCOME_WOULD_DENY)
                        : List.of();
                // What passed undecided is told when it is decided, after what was decided later.
                Guest.eventually(() -> outcomes(policy.name(), act).size() >= expected.size());
                assertEquals(expected, outcomes(policy.name(), act));
              }));
    }
    return tests.stream();
  }

  private List<Outcome> outcomes(String policy, Act act) {
    return host.decisions().of(act.cgroup(), act.hook()).stream()
        .filter(d -> act.isAbout(d.getObject()))
        .filter(d -> d.getFindingsList().stream().anyMatch(f -> f.getPolicy().equals(policy)))
        .map(Decision::getOutcome)
        .toList();
  }
}
