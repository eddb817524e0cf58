package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.lsm.Trial.Run;
import dev.interdict.lsm.Trial.Who;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Mode;
import dev.interdict.v1.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs trials: all uncovered, then all enforced, and so on, because a mode is switched for all at
 * once. Then each is judged by itself.
 *
 * <p>Each run has a cgroup of its own, by which its events are found, and each user a number of its
 * own: the policies read it, so that their runs are decided anew, while root's after the first meet
 * a known verdict. On each kernel who has the least rights to do it tries, and on one of them
 * everybody.
 */
final class Trials {
  private static final int FIRST_UID = 3000;
  private static final List<Who> ALL = List.of(Who.values());

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Host host = Host.get();
  private final List<Case> cases = new ArrayList<>();
  private final Map<Case, Map<Run, Answer>> answers = new HashMap<>();

  private record Case(int number, Trial trial, Who who) {
    String cgroup(Run run) {
      String parent = run == Run.CONTROL ? Guest.UNCOVERED : Guest.COVERED;
      return "%s/%s-%s-%s-%d"
          .formatted(parent, trial.name(), who, run, number)
          .toLowerCase(Locale.ROOT);
    }

    String command(Run run) {
      String command = trial.command().formatted(trial.object(run));
      int uid = FIRST_UID + number * Run.values().length + run.ordinal();
      return who == Who.ROOT
          ? Attack.in(cgroup(run), command)
          : Attack.in(cgroup(run), uid, command);
    }

    boolean possible() {
      return !trial.impossible().contains(who);
    }
  }

  Trials(List<Trial> trials) {
    for (Trial trial : trials) {
      boolean everybody = Share.isTurn(trials.indexOf(trial));
      for (Who who : everybody ? ALL : List.of(trial.weakest())) {
        cases.add(new Case(NUMBER.incrementAndGet(), trial, who));
      }
    }
    run(Run.CONTROL);
    run(Run.ENFORCE);
    run(Run.TWIN);
    host.mode(Mode.MODE_AUDIT);
    try {
      run(Run.AUDIT);
      host.settle();
    } finally {
      host.mode(Mode.MODE_ENFORCE);
    }
  }

  private void run(Run run) {
    List<String> lines = new ArrayList<>();
    List<Case> asked = new ArrayList<>();
    for (Case each : cases) {
      if (each.trial().before() != null) {
        lines.add(each.trial().before().formatted(each.trial().object(run)));
        asked.add(null);
      }
      lines.add(each.command(run));
      asked.add(each);
    }
    List<Answer> results = Attack.batch(lines);
    for (int i = 0; i < results.size(); i++) {
      if (asked.get(i) != null) {
        answers.computeIfAbsent(asked.get(i), c -> new HashMap<>()).put(run, results.get(i));
      }
    }
  }

  /** One test for each trial and each kind of user. */
  Stream<DynamicTest> tests() {
    return cases.stream()
        .map(c -> DynamicTest.dynamicTest(c.trial().name() + " as " + c.who(), () -> judge(c)));
  }

  private void judge(Case c) {
    Answer control = answers.get(c).get(Run.CONTROL);
    if (!c.possible()) {
      assertNotEquals("ok", control.result(), "said to be impossible, but works");
      return;
    }
    works(control);
    refused(c, answers.get(c).get(Run.ENFORCE));
    works(answers.get(c).get(Run.AUDIT));
    oneEvent(c, Run.AUDIT, Outcome.OUTCOME_WOULD_DENY);
    works(answers.get(c).get(Run.TWIN));
    assertEquals(List.of(), events(c, Run.TWIN));
  }

  private static void works(Answer answer) {
    assertEquals("ok", answer.result(), answer::toString);
    assertNotEquals("0", answer.fact("delivered"), answer::toString);
    assertNotEquals("0", answer.fact("exists"), answer::toString);
    assertNotEquals("0", answer.fact("emptied"), answer::toString);
  }

  private void refused(Case c, Answer answer) {
    assertEquals(c.trial().refusal(), answer.result(), answer::toString);
    assertNotEquals("1", answer.fact("delivered"), answer::toString);
    assertNotEquals("1", answer.fact("exists"), "refused, but the file was made");
    assertNotEquals("0", answer.fact("size"), "refused, but the file was emptied");
    assertNotEquals("1", answer.fact("emptied"), "refused, but the file was emptied");
    oneEvent(c, Run.ENFORCE, Outcome.OUTCOME_DENIED);
  }

  private List<Decision> events(Case c, Run run) {
    return host.decisions().of(c.cgroup(run), c.trial().hook());
  }

  private void oneEvent(Case c, Run run, Outcome outcome) {
    List<Decision> events = events(c, run);
    assertTrue(
        !events.isEmpty() && events.size() <= c.trial().attempts(),
        () -> "events of one attempt: " + events);
    Decision event = events.getFirst();
    assertEquals(outcome, event.getOutcome(), event::toString);
    assertTrue(
        c.trial().object().matcher(event.getObject()).matches(),
        () -> "the object is " + c.trial().object() + ": " + event);
  }
}
