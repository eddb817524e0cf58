package dev.interdict.workload;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Word;
import dev.interdict.workload.ContainerFiles.Found;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkloadsTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String SCOPE = "/system.slice/docker-" + ID + ".scope";
  private static final Found UNKNOWN = new Found(Container.unknown(Word.of(ID)), false);
  private static final Found KNOWN =
      new Found(
          new Container(Word.of(ID), true, Word.of("docker"), Word.of("web"), null, null), true);

  private final AtomicLong now = new AtomicLong(1_000_000_000_000L);
  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicReference<Found> files = new AtomicReference<>(UNKNOWN);
  private final Workloads workloads = new Workloads(this::find, now::incrementAndGet);

  private Found find(List<Suspect> suspects) {
    looks.incrementAndGet();
    return files.get();
  }

  private static Workloads.Entry enter(Workloads workloads, String path) {
    return workloads.enter(path.getBytes(ISO_8859_1));
  }

  /** Until it is known for good: who waits does so for a moment only, however slow the machine. */
  private boolean settle(Workloads.Entry entry) {
    long since = now.incrementAndGet();
    int before = looks.get();
    while (!entry.settle(since) && looks.get() == before) {
      Thread.onSpinWait();
    }
    return entry.settle(since);
  }

  @AfterEach
  void close() {
    workloads.close();
  }

  @Test
  void whatIsASystemsUnitIsLookedUpNowhere() {
    Workloads.Entry entry = enter(workloads, "/system.slice/nginx.service");
    assertTrue(entry.settle(now.get()));
    assertEquals("nginx.service", entry.workload().unit().text());
    assertNull(entry.workload().container());
    assertEquals(0, looks.get());
  }

  /** Its files were written before it asked. */
  @Test
  void whatIsKnownIsNoOlderThanTheEvent() {
    Workloads.Entry entry = enter(workloads, SCOPE);
    settle(entry);
    assertFalse(entry.workload().settled());
    files.set(KNOWN);
    long event = now.incrementAndGet();
    for (int i = 0; i < 1000 && !entry.settle(event); i++) {
      Thread.onSpinWait();
    }
    assertEquals("web", entry.workload().container().name().text());
    assertTrue(entry.workload().settled());
  }

  @Test
  void whatWasFoundForGoodIsNotLookedUpAgain() {
    files.set(KNOWN);
    Workloads.Entry entry = enter(workloads, SCOPE);
    while (!entry.settle(now.incrementAndGet())) {
      Thread.onSpinWait();
    }
    int before = looks.get();
    files.set(new Found(null, true));
    for (int i = 0; i < 100; i++) {
      now.addAndGet(10_000_000_000L);
      assertTrue(entry.settle(now.get()));
      assertEquals("web", entry.workload().container().name().text());
    }
    assertEquals(before, looks.get());
  }

  @Test
  void whatLooksLikeAContainerIsOneUntilTheContraryIsKnown() {
    files.set(UNKNOWN);
    Workloads.Entry entry = enter(workloads, SCOPE);
    assertFalse(entry.workload().container().known());
    now.addAndGet(Workloads.SETTLES.toNanos() * 100);
    assertFalse(settle(entry));
    assertEquals(ID, entry.workload().container().id().text());
    assertTrue(workloads.unknown() > 0);
  }

  /** A runtime may need a moment to say that it is its. */
  @Test
  void aPlainNameIsNoContainersOnceNoneHasClaimedIt() {
    files.set(new Found(null, true));
    Workloads.Entry entry = enter(workloads, "/apps/web");
    assertFalse(settle(entry));
    assertNull(entry.workload().container());
    now.addAndGet(Workloads.SETTLES.toNanos());
    for (int i = 0; i < 1000 && !settle(entry); i++) {
      Thread.onSpinWait();
    }
    assertTrue(entry.workload().settled());
    assertNull(entry.workload().container());
  }

  @Test
  void aUsersWordIsLookedUpNowhereAndStaysUnknown() {
    Workloads.Entry entry =
        enter(
            workloads,
            "/user.slice/user-7.slice/user@7.service/user.slice/libpod-" + ID + ".scope");
    assertTrue(entry.settle(now.get()));
    assertFalse(entry.workload().container().known());
    assertEquals("user@7.service", entry.workload().unit().text());
    assertEquals(0, looks.get());
  }

  /** Their files are elsewhere. */
  @Test
  void aContainerWhoseFilesDoNotAnswerDelaysNoOther() throws Exception {
    CountDownLatch dead = new CountDownLatch(1);
    List<String> stuck = Collections.synchronizedList(new ArrayList<>());
    try (Workloads some =
        new Workloads(
            suspects -> {
              if (suspects.getFirst().cgroup().startsWith("/dead")) {
                stuck.add(suspects.getFirst().cgroup());
                try {
                  dead.await();
                } catch (InterruptedException e) {
                  return UNKNOWN;
                }
              }
              return KNOWN;
            },
            now::incrementAndGet)) {
      Workloads.Entry slow = enter(some, "/dead");
      assertFalse(slow.settle(now.incrementAndGet()));
      assertFalse(slow.settle(now.incrementAndGet()), "and is not waited for again");
      Workloads.Entry quick = enter(some, SCOPE);
      while (!quick.settle(now.incrementAndGet())) {
        Thread.onSpinWait();
      }
      assertEquals(List.of("/dead"), stuck);
      dead.countDown();
      while (!slow.settle(now.incrementAndGet())) {
        Thread.onSpinWait();
      }
      assertTrue(slow.workload().container().known());
    }
  }

  @Test
  void howManyWaitForAThreadIsBounded() {
    CountDownLatch dead = new CountDownLatch(1);
    try (Workloads some =
        new Workloads(
            suspects -> {
              try {
                dead.await();
              } catch (InterruptedException e) {
                return UNKNOWN;
              }
              return KNOWN;
            },
            now::incrementAndGet)) {
      List<Workloads.Entry> all = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        all.add(enter(some, "/apps/a" + i));
      }
      for (Workloads.Entry one : all) {
        assertNull(one.workload().container());
        assertFalse(one.workload().settled());
      }
      dead.countDown();
      for (Workloads.Entry one : all) {
        while (!one.settle(now.incrementAndGet())) {
          Thread.onSpinWait();
        }
      }
    }
  }

  @Test
  void aLookThatThrowsLeavesItUnknown() {
    try (Workloads some =
        new Workloads(
            suspects -> {
              throw new IllegalStateException("by a test");
            },
            now::incrementAndGet)) {
      Workloads.Entry entry = enter(some, SCOPE);
      assertFalse(entry.settle(now.incrementAndGet()));
      assertFalse(entry.workload().container().known());
    }
  }
}
