package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.Share;
import dev.interdict.v1.ApplyPolicyRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No policy takes a host down: whatever it refuses, and whether the engine lives, stands still or
 * is dead, the first thing that anybody tries after its lease or its budget has ended works.
 *
 * <p>The environment variable BAD says how many of the 500 are tried, as bpf/vm/README.md has it.
 */
@Tag("lsm")
class RecoveryIT {
  private static final int TRIED = Integer.parseInt(System.getenv().getOrDefault("BAD", "15"));
  private static final Path FILE = Guest.FILES.resolve("twin");
  private static final int STEP = 197; // shares no divisor with their number
  private static final Duration LEASE = Duration.ofSeconds(4);
  private static final List<String> UNITS = List.of("/bad/one", "/bad/two", "/bad/three");

  /** What became of those that were tried, by family. */
  private static final Map<String, List<String>> TOLD = new TreeMap<>();

  private final Host host = Host.get();

  /** A step through all of them that meets each kind, and each of this machine's share. */
  static Stream<BadPolicy> tried() {
    return IntStream.range(0, TRIED)
        .filter(Share::isTurn)
        .mapToObj(i -> BadPolicy.ALL.get(i * STEP % BadPolicy.ALL.size()));
  }

  /** Somebody who has been logged in to three services since before it began. */
  private static final class Operator implements AutoCloseable {
    private final List<Process> sessions = new ArrayList<>();

    Operator() {
      Guest.file(Guest.FILES.resolve("secret"), "content\n");
      for (String unit : UNITS) {
        Path cgroup = Guest.cgroup(unit);
        try {
          Process session =
              new ProcessBuilder(Attack.TOOL.toString(), "batch")
                  .redirectError(ProcessBuilder.Redirect.DISCARD)
                  .start();
          Guest.write(cgroup.resolve("cgroup.procs"), Long.toString(session.pid()));
          sessions.add(session);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    /** What he can do in each of them; one that is killed on the way can do nothing. */
    List<Answer> tries() {
      return sessions.stream().map(Operator::tries).toList();
    }

    private static Answer tries(Process session) {
      try {
        var to = session.outputWriter();
        to.write("login %s %s %s\nnothing\n".formatted(Attack.VICTIM, FILE, Guest.FILES));
        to.flush();
        var from = session.inputReader();
        Answer answer = Answer.NONE;
        int runs = 0;
        for (String line = from.readLine(); line != null; line = from.readLine()) {
          runs += line.startsWith("run ") ? 1 : 0;
          if (runs == 2) {
            return answer;
          }
          answer = line.startsWith("result=") ? Answer.parse(line) : answer;
        }
        return Answer.NONE;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      sessions.forEach(Process::destroyForcibly);
    }
  }

  @ParameterizedTest
  @MethodSource("tried")
  void nothingMustBeLeftOfABadPolicyOnceItHasEnded(BadPolicy bad) {
    try (Operator operator = new Operator()) {
      assertCanDoAll(operator.tries(), "before");
      String name = bad.template();
      ApplyPolicyRequest.Builder request = ApplyPolicyRequest.newBuilder();
      if (bad.end() == BadPolicy.End.LEASE) {
        request.setConfirmWithin(
            com.google.protobuf.Duration.newBuilder().setSeconds(LEASE.toSeconds()));
      }
      try {
        host.admin().apply(bad.sources(), bad.compiled(), request);
      } catch (StatusRuntimeException e) {
        assertEquals(Status.Code.INVALID_ARGUMENT, e.getStatus().getCode(), e::getMessage);
        told(bad, "refused when it was applied");
        assertCanDoAll(operator.tries(), "refused");
        return;
      }
      long end = System.nanoTime() + LEASE.toNanos();
      List<Answer> during = new ArrayList<>(operator.tries());
      switch (bad.by()) {
        case ALIVE -> {}
        case FROZEN -> host.engine().freeze();
        case KILLED -> host.engine().kill();
      }
      during.addAll(operator.tries()); // three units: more than the budget has
      told(bad, during.stream().allMatch(Answer::ok) ? "hurt nobody" : "hurt");
      if (bad.end() == BadPolicy.End.LEASE) {
        Guest.sleep(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
      }
      List<Answer> after = operator.tries();
      switch (bad.by()) {
        case ALIVE -> {}
        case FROZEN -> host.engine().thaw();
        case KILLED -> host.restart();
      }
      assertCanDoAll(after, bad + ", which did " + during);
      if (bad.end() == BadPolicy.End.BUDGET) {
        boolean tripped = host.admin().policy(name).getMode().getTripped();
        // What hurts all of them twice, with an engine to decide, has nothing else to end it.
        List<Answer> second = during.subList(UNITS.size(), during.size());
        boolean decided = bad.by() == BadPolicy.Engine.ALIVE;
        assertTrue(tripped || !decided || second.stream().anyMatch(Answer::ok), bad::toString);
        if (tripped) { // and stays so, with whatever engine
          assertCanDoAll(operator.tries(), "disarmed, with the engine again");
        }
        host.admin().delete(name);
      } else {
        Guest.eventually(() -> !host.admin().isPending());
        assertFalse(host.admin().isPending(), "the engine follows the kernel");
      }
      assertCanDoAll(operator.tries(), "with the engine again");
    }
  }

  private static void told(BadPolicy bad, String what) {
    TOLD.computeIfAbsent(bad.family(), family -> new ArrayList<>()).add(what);
  }

  private static void assertCanDoAll(List<Answer> answers, String when) {
    assertTrue(answers.stream().allMatch(Answer::ok), () -> when + ": " + answers);
  }

  /** Else this shows nothing. */
  @AfterAll
  static void manyMustHaveHurt() {
    TOLD.forEach((family, what) -> System.out.println("recovery: " + family + ": " + what));
    List<String> all = TOLD.values().stream().flatMap(List::stream).toList();
    if (!all.isEmpty()) {
      long hurt = all.stream().filter("hurt"::equals).count();
      System.out.printf("recovery: %d policies, %d hurt, all recovered from%n", all.size(), hurt);
      assertTrue(4 * hurt >= all.size(), all::toString);
    }
  }

  @Test
  void thereMustBeFiveHundredOfThirteenKinds() {
    assertEquals(500, BadPolicy.ALL.stream().map(b -> b.manifest() + b.data()).distinct().count());
    assertEquals(13, BadPolicy.ALL.stream().map(BadPolicy::family).distinct().count());
  }
}
