package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.engine.EngineConfig;
import dev.interdict.testkit.Share;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The engine frozen, killed, started again and taken away: nobody hangs, verdicts stand, and
 * nothing is left.
 */
@Tag("lsm")
@Order(Integer.MAX_VALUE) // of the classes: the next would have to start everything anew
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LostEngineIT {
  private static final Path SECRET = Guest.FILES.resolve("secret");

  /** The deadline, and the time to be scheduled among fifty that spin. */
  private static final long LONGEST_US = 3 * EngineProcess.DEADLINE.toNanos() / 1000;

  private final Host host = Host.get();

  @Test
  @Order(1)
  void aFrozenEngineMustLeaveNobodyWaiting() {
    assumeTrue(Share.isOneOfEachKind(1));
    Guest.cgroup("/closed/one");
    host.admin().apply("trial-closed");
    Path files = Host.files(100, 0);
    Path more = Host.files(2, 0);
    assertEquals("EPERM", Attack.run(Attack.in(Host.covered("known"), "open " + SECRET)).result());
    host.admin().apply("trial-namespace"); // reads what nobody has read, at another hook
    host.engine().freeze();
    try {
      Answer storm =
          Attack.start(Attack.in(Host.covered("frozen"), "storm -p 50 -n 2 " + files))
              .await(Guest.STUCK);
      assertEquals("ok", storm.result(), storm::toString);
      assertTrue(storm.number("longest_us") < LONGEST_US, storm::toString);
      Answer known = Attack.run(Attack.in(Host.covered("known"), "open " + SECRET));
      assertEquals("EPERM", known.result(), "a change at one hook is none of another's verdicts");
      Answer closed = Attack.run(Attack.in("/closed/one", "open " + more.resolve("file-0")));
      assertEquals("EPERM", closed.result(), "fallback: deny");
    } finally {
      host.engine().thaw();
    }
    Path again = Host.files(40, 20);
    Answer healthy = Attack.run(Attack.in(Host.covered("thawed"), "storm -n 40 -e 20 " + again));
    assertEquals("ok", healthy.result(), healthy::toString);
    host.admin().delete("trial-namespace");
    host.admin().delete("trial-closed");
  }

  @Test
  @Order(2)
  void aWaitingTaskMustDieAtOnceWhenKilled() {
    Path files = Host.files(1, 0);
    host.engine().freeze();
    try {
      Answer answer = Attack.run(Attack.in(Host.covered("killed"), "killed -m 40 -n 1 " + files));
      assertEquals(1, answer.number("killed"), answer::toString);
      assertEquals(0, answer.number("before"), "it was not waiting");
      assertTrue(answer.number("death_us") < 100_000, answer::toString);
    } finally {
      host.engine().thaw();
    }
  }

  @Test
  @Order(3)
  void anEngineKilledWithTasksWaitingMustLeaveNobodyWaitingAndBeReplacedWithoutAGap() {
    assumeTrue(Share.isTurn(2)); // on one kernel: to start an engine takes long
    Guest.cgroup("/race/persist");
    host.admin().apply("trial-race");
    Guest.file(RacesIT.FOLDER.resolve("file-0"), "content\n");
    Path files = Host.files(20, 0);
    List<String> links = Host.kernelObjects("link");
    assertEquals( // decided before the engine is lost
        "EPERM", Attack.run(Attack.in("/race/persist", "open /trial/race/file-0")).result());
    Attack persistent =
        Attack.start(Attack.in("/race/persist", "persist -m 30000 /trial/race/file-0"));
    host.engine().freeze();
    Attack waiting = Attack.start(Attack.in(Host.covered("orphans"), "storm -p 20 -n 1 " + files));
    Guest.sleep(Duration.ofMillis(100));
    long number = host.engine().pid();
    host.engine().kill();
    Answer orphans = waiting.await(Guest.STUCK);
    assertEquals("ok", orphans.result(), orphans::toString);
    assertTrue(orphans.number("longest_us") < LONGEST_US, orphans::toString);
    assertEquals("EPERM", Attack.run(Attack.in(Host.covered("dead"), "open " + SECRET)).result());
    Attack.run("replace " + SECRET);
    assertEquals(
        "EPERM",
        Attack.run(Attack.in(Host.covered("dead"), "open " + SECRET)).result(),
        "a new file of the name");

    Answer heir = Attack.run(Attack.in(Host.covered("heir"), "as -n " + number + " " + SECRET));
    assertEquals(number, heir.number("pid"), heir::toString);
    assertEquals("EPERM", heir.result(), "the engine's number is a pass");

    host.restart();
    assertEquals(links, Host.kernelObjects("link"), "adopted, not attached anew");
    Path again = Host.files(40, 20);
    Answer healthy = Attack.run(Attack.in(Host.covered("adopted"), "storm -n 40 -e 20 " + again));
    assertEquals("ok", healthy.result(), healthy::toString);
    Answer gap = persistent.await(Guest.STUCK);
    assertEquals("ok", gap.result(), gap::toString);
    assertTrue(gap.number("tries") > 1000, gap::toString);
  }

  /** By a hand that is not the engine's: nothing is guarded there, and the next engine mends it. */
  @Test
  @Order(4)
  void aProgramThatSomebodyHasTakenAwayMustBeSeen() {
    assumeTrue(Share.isTurn(0)); // on one kernel: it rests on none
    Path pin = EngineConfig.DEFAULT.pins().resolve("links/lsm_file_open");
    assertEquals(List.of(), host.admin().status().getGapsList());
    Guest.run("rm", pin.toString());
    assertEquals(
        List.of("hook file_open: its programs do not run any more; start the engine again"),
        host.admin().status().getGapsList());
    host.admin().delete(Host.KEEP); // the next engine loads what is wanted, to compare it
    host.engine().stop();
    host.restart();
    assertEquals(List.of(), host.admin().status().getGapsList());
    assertEquals("EPERM", Attack.run(Attack.in(Host.covered("again"), "open " + SECRET)).result());
  }

  @Test
  @Order(5)
  void uninstallMustLeaveNothing() {
    host.engine().stop();
    assertEquals("EPERM", Attack.run(Attack.in(Host.covered("pinned"), "open " + SECRET)).result());
    host.uninstall();
    // The kernel lets go of programs and maps a moment after the last reference has gone.
    Guest.eventually(
        () ->
            Attack.run(Attack.in(Host.covered("free"), "open " + SECRET)).ok() && left().isEmpty());
    assertEquals(List.of(), left());
    assertEquals("ok", Attack.run(Attack.in(Host.covered("free"), "open " + SECRET)).result());
  }

  /** What is in the kernel now and was not before; numbers are never given twice. */
  private List<String> left() {
    List<String> left = Host.kernelObjects();
    left.removeAll(host.listedBefore());
    return left;
  }
}
