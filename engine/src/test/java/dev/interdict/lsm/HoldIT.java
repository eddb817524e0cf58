package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.event.Hook;
import dev.interdict.testkit.Share;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs whose every open of a file is the first of its kind: each gets the right answer on its
 * first call, none from a fallback, and none notices that it waited.
 */
@Tag("lsm")
class HoldIT {
  /** Every so many-th file is forbidden. */
  private static final int EVERY = 20;

  private final Host host = Host.get();
  private Map<String, Long> before;

  @BeforeAll
  static void onOneKernelOfEachKind() {
    assumeTrue(Share.isOneOfEachKind(0));
  }

  @BeforeEach
  void count() {
    before = host.unanswered();
  }

  @AfterEach
  void aHealthyEngineMustAnswerEveryMiss() {
    assertEquals(before, host.unanswered());
  }

  /** Ten thousand on one kernel, two thousand on the others. */
  @Test
  void allFirstOpensOfFiftyProcessesMustBeAnsweredRight() {
    int each = Share.isTurn(0) ? 200 : 40;
    int all = 50 * each;
    Path files = Host.files(all, EVERY);
    String cgroup = Host.covered("storm");
    String storm = "storm -p 50 -n %d -e %d %s".formatted(each, EVERY, files);
    Answer answer = Attack.start(Attack.in(cgroup, storm)).await(Guest.STUCK);
    assertEquals("ok", answer.result(), answer::toString);
    assertEquals(all, answer.number("right"));
    host.settle();
    List<Decision> denials = host.decisions().of(cgroup, Hook.FILE_OPEN);
    assertEquals(all / EVERY, denials.size());
    assertTrue(Decisions.all(denials, Outcome.OUTCOME_DENIED));
  }

  @Test
  void threadsOfOneProcessMustAllBeAnsweredRight() {
    answersRight("storm -p 5 -t 10 -n 20", 1000);
  }

  @Test
  void aSlowEngineMustMakeNoAnswerWrong() {
    Attack stutter = Attack.start("stutter -m 30 -n 30 " + host.engine().pid());
    answersRight("storm -p 10 -n 20", 200);
    assertTrue(stutter.await(Guest.STUCK).ok());
  }

  /** Else a crowd of tasks, or one that takes all memory, would be rid of it. */
  @Test
  void theEngineMustOutrankWhatItGuards() {
    String process = "/proc/" + host.engine().pid();
    assertEquals("-1000", Guest.run("cat", process + "/oom_score_adj").trim());
    String decider =
        Guest.run("sh", "-c", "cd %s/task; grep -lx decider */comm".formatted(process)).trim();
    String stat = Guest.run("cat", process + "/task/" + decider.replace("comm", "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ", -1);
    assertEquals("-20", fields[19 - 3], stat);
  }

  @Test
  void aFileMustBeCreatedExactlyOnce() {
    Path folder = Host.folder();
    Answer answer = Attack.run(Attack.in(Host.covered("once"), "exclusive -p 10 -n 50 " + folder));
    assertEquals(50, answer.number("once"), answer::toString);
    assertEquals(450, answer.number("existed"), answer::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"handler", "sigwait", "signalfd"})
  void aProgramThatWaitsForSigcontMustNotSeeOne(String way) {
    assertEquals(0, answersRight("continued -d " + way + " -n 60", 60).number("seen"));
  }

  @Test
  void aParentMustNotBeToldOfStops() {
    Answer answer = answersRight("notices -n 100", 100);
    assertEquals(0, answer.number("stopped"), answer::toString);
    assertEquals(0, answer.number("continued"), answer::toString);
    assertEquals(1, answer.number("child_signals"), answer::toString);
  }

  @Test
  void otherThreadsMustNotBeInterrupted() {
    Answer answer = answersRight("bystander -n 200", 200);
    for (String call : List.of("epoll", "poll", "sleep", "semaphore")) {
      assertEquals(0, answer.number(call), answer::toString);
    }
  }

  @Test
  void timersMustGoOffAndInterruptNothing() {
    assertTrue(answersRight("timer -n 200", 200).number("alarms") > 0);
  }

  @RepeatedTest(2)
  void aStopInTheMiddleMustBeObeyedAndLast() {
    Answer answer = answersRight("stopped -m 20 -n 1500", 1500);
    assertEquals(1, answer.number("stopped"), answer::toString);
    assertEquals(1, answer.number("stayed"), answer::toString);
  }

  /** Calls that cannot be started again wait inside the hook. */
  @Test
  void tasksThatCannotBeRestartedMustBeAnsweredRight() {
    List<String> ways = new ArrayList<>();
    for (String context : List.of("init", "traced", "straced", "session", "blocked", "vfork")) {
      ways.add("open -c " + context);
    }
    for (String[] door : Attack.list("open")) {
      if (door[1].startsWith("uring")) {
        ways.add("open -d " + door[1]);
      }
    }
    for (String way : ways) {
      Path files = Host.files(2, 2);
      String cgroup = Host.covered("unrestartable");
      Answer allowed = Attack.run(Attack.in(cgroup, way + " " + files.resolve("file-1")));
      assertEquals("ok", allowed.result(), () -> way + ": " + allowed);
      Answer forbidden = Attack.run(Attack.in(cgroup, way + " " + files.resolve("forbidden-0")));
      assertEquals("EPERM", forbidden.result(), () -> way + ": " + forbidden);
    }
  }

  @Test
  void aShellWithJobControlMustNotSeeStoppedJobs() {
    Path files = Host.files(100, EVERY);
    Guest.file(files.resolve("out"), "");
    String keys =
        """
        set -m; unset HISTFILE
        for i in 1 2 3 4 5 6 7 8 9; do cat %1$s/file-$i | cat | wc -l; done
        (for i in 31 32 33 34 35; do cat %1$s/file-$i; done) > %1$s/out & wait %%1; echo waited=$?
        jobs
        cat %1$s/forbidden-0; echo refused=$?
        exit 7
        """
            .formatted(files);
    Attack shell = Attack.start(Attack.in(Host.covered("shell"), "pty bash --norc -i"), keys);
    String output = shell.output(Guest.STUCK);
    assertEquals(7, shell.status(), output);
    assertFalse(output.contains("Stopped"), output);
    assertTrue(output.contains("waited=0"), output);
    assertTrue(output.contains("refused=1"), output);
    assertTrue(output.contains("Operation not permitted"), output);
  }

  @Test
  void aJvmMustRunWhollyHeld() {
    Attack java = Attack.start(Attack.in(Host.covered("jvm"), "run java -Xint -version"));
    assertTrue(java.output(Guest.STUCK).contains("openjdk"));
    assertEquals(0, java.status());
  }

  @Test
  void aPythonProgramMustRunWhollyHeldAndSeeItsRefusals() {
    Path files = Host.files(40, EVERY);
    Path program = files.resolve("program.py");
    Guest.file(
        program,
        """
        import os
        folder = os.path.dirname(__file__)
        right = 0
        for name in os.listdir(folder):
            try:
                open(os.path.join(folder, name)).read()
                right += not name.startswith("forbidden")
            except PermissionError:
                right += name.startswith("forbidden")
        print("right", right)
        """);
    Attack python = Attack.start(Attack.in(Host.covered("python"), "run python3 -S " + program));
    String output = python.output(Guest.STUCK);
    assertTrue(output.contains("right 41"), output);
  }

  /**
   * The dying task cannot start its call again; it waits inside the hook, no longer than anybody.
   */
  @Test
  void aCoreDumpMustNotBeHeldForLong() {
    Answer answer = Attack.run(Attack.in(Host.covered("core"), "core " + Host.folder()));
    assertEquals("ABRT", answer.fact("signal"));
    assertEquals(1, answer.number("core"), answer::toString);
    assertTrue(answer.number("us") < EngineProcess.DEADLINE.toNanos() / 1000, answer::toString);
    before = host.unanswered();
  }

  private static Answer answersRight(String command, int files) {
    Path folder = Host.files(files, EVERY);
    Answer answer =
        Attack.start(Attack.in(Host.covered("hold"), command + " -e " + EVERY + " " + folder))
            .await(Guest.STUCK);
    assertEquals("ok", answer.result(), answer::toString);
    return answer;
  }
}
