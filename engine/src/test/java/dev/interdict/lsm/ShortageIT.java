package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.attach.Pins;
import dev.interdict.engine.EngineConfig;
import dev.interdict.event.EventLayouts;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.testkit.Share;
import dev.interdict.verdict.KernelCounters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The programs without what they need: working memory, room in a ring, an answer, a scope. Nobody
 * passes for want of it. What the programs alone write, these tests write past the engine.
 */
@Tag("lsm")
class ShortageIT {
  private static final Path SECRET = Guest.FILES.resolve("secret");
  private static final Path TWIN = Guest.FILES.resolve("twin");
  private static final Pins PINS = new Pins(EngineConfig.DEFAULT.pins());

  private final Host host = Host.get();

  /** What it shows rests on none. */
  @BeforeAll
  static void onOneKernel() {
    assumeTrue(Share.isTurn(1));
  }

  private static String open(String cgroup, Path file) {
    return Attack.run(Attack.in(cgroup, "open " + file)).result();
  }

  private static KernelMap pinned(String map) {
    return KernelMap.openPinned(PINS.map(map));
  }

  /** Of the kernel's, also while the engine stands still. */
  private static Map<String, Long> counted() {
    try (KernelMap hooks = pinned("hook_counters");
        KernelMap slots = pinned("slot_counters");
        KernelMap told = pinned("told")) {
      return new KernelCounters(hooks, slots, told).hook(Hook.FILE_OPEN);
    }
  }

  /** Who can comes again until there is some; who cannot is refused, whatever it opens. */
  @Test
  void withoutWorkingMemoryNobodyMustPass() {
    String cgroup = Host.covered("memory");
    assertEquals("EPERM", open(cgroup, SECRET));
    assertEquals("ok", open(cgroup, TWIN));
    Map<String, Long> before = counted();
    Attack refused;
    Attack allowed;
    Attack worker;
    claimAll(1);
    try {
      refused = Attack.start(Attack.in(cgroup, "open " + SECRET));
      allowed = Attack.start(Attack.in(cgroup, "open " + TWIN));
      worker = Attack.start(Attack.in(Host.covered("memory"), "open -d uring-async " + TWIN));
      Guest.eventually(() -> counted().get("denied") > before.get("denied"));
      Guest.sleep(Duration.ofSeconds(2));
      assertTrue(counted().get("no_memory") > before.get("no_memory") + 2);
      assertTrue(refused.isAlive() && allowed.isAlive(), "somebody has an answer from nowhere");
    } finally {
      claimAll(0);
    }
    assertEquals("EPERM", worker.await(Guest.STUCK).result());
    assertEquals("EPERM", refused.await(Guest.STUCK).result());
    assertEquals("ok", allowed.await(Guest.STUCK).result());
    assertEquals("ok", open(cgroup, TWIN));
  }

  /** The word that says so is the first of an entry. */
  private static void claimAll(long claimed) {
    try (KernelMap scratch = pinned("scratch")) {
      for (byte[] key : scratch.keys()) {
        byte[] entry = scratch.lookup(key).orElseThrow();
        ByteBuffer.wrap(entry).order(ByteOrder.nativeOrder()).putLong(0, claimed);
        scratch.update(key, entry);
      }
    }
  }

  /** It says so, and nobody waits for what will not come. */
  @Test
  void aPolicyThatCannotAnswerMustLeaveItsEventsToItsFallbackAtOnce() {
    Path unanswered = Guest.file(Guest.FILES.resolve("unanswered"), "content\n");
    Guest.cgroup("/broken/one");
    host.admin().apply("trial-broken");
    try {
      assertEquals("ok", open("/broken/one", TWIN));
      Map<String, Long> unansweredBefore = host.unanswered();
      long cannot = unansweredBefore.get("cannot");
      assertEquals("EPERM", open("/broken/one", unanswered), "fallback: deny");
      Map<String, Long> now = host.unanswered();
      assertTrue(now.get("cannot") > cannot);
      now.put("cannot", cannot);
      assertEquals(unansweredBefore, now, "it was not left to the deadline");
      assertTrue(host.admin().policy("trial-broken").getCounters().getFallback() > 0);
    } finally {
      host.admin().delete("trial-broken");
    }
  }

  /** It may outlast two switches, and its copy be filled with another. */
  @Test
  void whoWaitsMustHaveWhatThePostureSaidWhenItBegan() {
    Guest.cgroup("/closed/waits");
    host.admin().apply("trial-closed");
    Path file = Host.files(1, 0).resolve("file-0");
    host.engine().freeze();
    try (KernelMap postures = pinned("postures")) {
      List<byte[]> saved = new ArrayList<>();
      postures.keys().forEach(key -> saved.add(postures.lookup(key).orElseThrow()));
      long patient = counted().get("patient");
      Attack waiting = Attack.start(Attack.in("/closed/waits", "open -d uring-async " + file));
      Guest.eventually(() -> counted().get("patient") > patient);
      try {
        for (int i = 0; i < saved.size(); i++) {
          postures.update(postures.keys().get(i), withoutWishes(saved.get(i)));
        }
        // A call that comes again (to clean up behind itself) has the new posture.
        assertEquals("EPERM", waiting.await(Guest.STUCK).result(), "fallback: deny");
      } finally {
        for (int i = 0; i < saved.size(); i++) {
          postures.update(postures.keys().get(i), saved.get(i));
        }
      }
    } finally {
      host.engine().thaw();
      host.admin().delete("trial-closed");
    }
  }

  private static byte[] withoutWishes(byte[] posture) {
    byte[] other = posture.clone();
    for (String wish : List.of("hold", "refuse_miss", "fallback_deny")) {
      int at = EventLayouts.POSTURE.offset(wish);
      Arrays.fill(other, at, at + 32, (byte) 0);
    }
    return other;
  }

  /** A number that a file has for its life: told as the file system itself says it. */
  @Test
  void aFilesGenerationMustBeItsOwn() {
    Guest.cgroup("/generation/one");
    Path files = Host.files(16, 0);
    host.admin().apply("trial-generation");
    try {
      List<String> lines = new ArrayList<>();
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        Path file = files.resolve("file-" + i);
        boolean odd = Attack.run("generation " + file).number("generation") % 2 == 1;
        expected.add(odd ? "EPERM" : "ok");
        lines.add(Attack.in("/generation/one", "open " + file));
      }
      assertTrue(expected.contains("EPERM"), "this file system numbers no generations");
      assertEquals(expected, Attack.batch(lines).stream().map(Answer::result).toList());
    } finally {
      host.admin().delete("trial-generation");
    }
  }

  @Test
  void theStatusMustNameACgroupThatIsNotThereYet() {
    host.admin().apply("trial-late");
    try {
      assertEquals(
          List.of("policy trial-late, cgroup /late: it is not there; covered as soon as it comes"),
          host.admin().status().getGapsList());
      Guest.cgroup("/late/one");
      Guest.eventually(() -> host.admin().status().getGapsList().isEmpty());
      assertEquals(List.of(), host.admin().status().getGapsList());
      assertEquals("EPERM", open("/late/one", SECRET));
    } finally {
      host.admin().delete("trial-late");
    }
  }
}
