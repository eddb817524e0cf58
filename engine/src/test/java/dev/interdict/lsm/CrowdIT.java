package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.testkit.Share;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Load does not decide. The engine has a deadline, on one kernel one that is short for an emulated
 * machine, and crowds of tasks, each of which does something for the first time, wait longer: as
 * long as it works, each gets the policy's answer on its first call.
 *
 * <p>The environment variable CROWD makes the crowds larger, as bpf/vm/README.md has it.
 */
@Tag("lsm")
class CrowdIT {
  private static final Duration DEADLINE = Duration.ofSeconds(2);
  private static final int CROWD = Integer.parseInt(System.getenv().getOrDefault("CROWD", "300"));
  private static final Duration LIMIT = Duration.ofMinutes(Math.max(10, CROWD / 150));

  /** Questions of this many tasks, 4 KB each, are more than the ring has room for. */
  private static final int FULL = Math.max(1200, CROWD);

  private static final int EVERY = 2;

  /** Each takes a quarter of a second where emulation is slow. */
  private static final int STOPS = CROWD / 3;

  private static Host host;

  /** On one kernel: a start takes the emulated machine a minute. */
  @BeforeAll
  static void shorten() {
    host = Host.get();
    if (Share.isTurn(1)) {
      host.restart(DEADLINE);
    }
  }

  @AfterAll
  static void lengthen() {
    if (host != null && Share.isTurn(1)) {
      host.restart(EngineProcess.DEADLINE);
    }
  }

  /** Each opens another name of a denied file; half of the names are another file's. */
  @ParameterizedTest
  @CsvSource({"links,", "links,-d handler", "files,-d binds"})
  void aCrowdIsAnsweredRight(String kind, String door) {
    assumeTrue(Share.isOneOfEachKind(1));
    Path files = Host.folder();
    made("make -d %s -n %d -e %d %s".formatted(kind, CROWD, EVERY, files));
    answeredRight("storm %s -p %d -n 1 -e %d %s", door, CROWD, files);
  }

  /** Their questions need more room than the ring has: they ask again later. */
  @Test
  void aFullRingMakesNobodyPass() {
    assumeTrue(Share.isTurn(2)); // on one kernel: it rests on none
    Path deep = Host.folder();
    while (deep.toString().length() < 3700) {
      deep = deep.resolve("d".repeat(250));
    }
    Guest.directory(deep);
    made("make -d links -n %d -e %d %s".formatted(FULL, EVERY, deep));
    answeredRight("storm %s -p %d -n 1 -e %d %s", "", FULL, deep);
  }

  /** At every moment of a program that is held all the time. */
  @ParameterizedTest
  @ValueSource(strings = {"process", "thread", "undone"})
  void noRealStopIsLost(String whom) {
    assumeTrue(Share.isOneOfEachKind(1));
    String cgroup = Host.covered("stops");
    Answer answer =
        Attack.start(
                Attack.in(cgroup, "stops -d %s -n %d %s".formatted(whom, STOPS, Host.folder())))
            .await(LIMIT);
    System.out.println("stops: " + answer);
    assertEquals("ok", answer.result(), answer::toString);
    assertTrue(answer.number("opens") > STOPS / 10, answer::toString);
  }

  private static void made(String command) {
    Answer made = Attack.run(command);
    assertTrue(made.ok(), made::toString);
  }

  private static void answeredRight(String command, String door, int crowd, Path files) {
    var before = host.unanswered();
    String line = command.formatted(door == null ? "" : door, crowd, EVERY, files);
    Answer answer =
        Attack.start(Attack.in(Host.covered("crowd"), line.replaceAll(" +", " "))).await(LIMIT);
    System.out.println("crowd: " + line.replaceAll("/d+", "") + ": " + answer);
    assertEquals(before, host.unanswered(), answer::toString);
    assertEquals("ok", answer.result(), answer::toString);
    assertEquals(crowd, answer.number("right"), answer::toString);
  }
}
