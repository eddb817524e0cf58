package dev.interdict.workload;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

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
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkloadsTest {
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String SCOPE = "/system.slice/docker-" + ID + ".scope";
  private static final Found UNKNOWN = new Found(Container.UNKNOWN, false);
  private static final Found KNOWN =
      new Found(
          new Container(Word.of(ID), true, Word.of("docker"), Word.of("web"), null, null), true);

  private final AtomicLong now = new AtomicLong(1_000_000_000_000L);
  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicLong slow = new AtomicLong();
  private final AtomicReference<Found> files = new AtomicReference<>(UNKNOWN);
  private final Workloads workloads = new Workloads(this::find, now::incrementAndGet);

  private Found find(List<Suspect> suspects) {
    looks.incrementAndGet();
    LockSupport.parkNanos(slow.get() * 1_000_000);
    return files.get();
  }

  private static Workloads.Entry enter(Workloads workloads, String path) {
    return workloads.enter(path.getBytes(ISO_8859_1));
  }

  /** Asks until it is so; fails if it never is. */
  private static void eventually(BooleanSupplier so) throws InterruptedException {
    for (int i = 0; i < 5000; i++) {
      if (so.getAsBoolean()) {
        return;
      }
      Thread.sleep(2);
    }
    fail("it has not come in 10 s");
  }

  /** Has it looked at now, however slow the machine is. */
  private void lookAgain(Workloads.Entry entry) throws InterruptedException {
    int before = looks.get();
    now.addAndGet(Workloads.SETTLES.toNanos());
    eventually(
        () -> {
          entry.workload();
          return looks.get() > before && entry.isIdle();
        });
  }

  @AfterEach
  void close() {
    workloads.close();
  }

  @Test
  void whatIsASystemsUnitIsLookedUpNowhere() {
    Workloads.Entry entry = enter(workloads, "/system.slice/nginx.service");
    assertEquals(0, entry.settle(now.get()));
    assertFalse(entry.isUsers());
    assertEquals("nginx.service", entry.workload().unit().text());
    assertNull(entry.workload().container());
    assertEquals(0, looks.get());
  }

  /** Its files were written before it asked. */
  @Test
  void whatIsKnownIsNoOlderThanTheEvent() throws InterruptedException {
    Workloads.Entry entry = enter(workloads, SCOPE);
    eventually(entry::isIdle);
    assertFalse(entry.workload().settled());
    files.set(KNOWN);
    long event = now.incrementAndGet();
    eventually(() -> entry.settle(event) == 0);
    assertEquals("web", entry.workload().container().name().text());
    assertTrue(entry.workload().settled());
  }

  @Test
  void whatWasFoundForGoodIsNotLookedUpAgain() throws InterruptedException {
    files.set(KNOWN);
    Workloads.Entry entry = enter(workloads, SCOPE);
    eventually(() -> entry.settle(now.incrementAndGet()) == 0);
    int before = looks.get();
    files.set(new Found(null, true));
    for (int i = 0; i < 100; i++) {
      now.addAndGet(10_000_000_000L);
      assertEquals(0, entry.settle(now.get()));
      assertEquals("web", entry.workload().container().name().text());
    }
    assertEquals(before, looks.get());
  }

  @Test
  void whatLooksLikeAContainerIsOneUntilTheContraryIsKnown() throws InterruptedException {
    Workloads.Entry entry = enter(workloads, SCOPE);
    assertEquals(Container.UNKNOWN, entry.workload().container());
    lookAgain(entry);
    assertNotEquals(0, entry.settle(now.incrementAndGet()));
    assertEquals(Container.UNKNOWN, entry.workload().container());
    assertTrue(workloads.unknown() > 0);
  }

  /** Who decides waits for so long in all; then it is looked at ever more rarely. */
  @Test
  void whatStaysUnknownCostsNobodyMuch() throws InterruptedException {
    Workloads.Entry entry = enter(workloads, SCOPE);
    slow.set(Workloads.PATIENCE.toMillis() / 2);
    for (int i = 0; i < 100; i++) {
      entry.settle(now.incrementAndGet());
      eventually(entry::isIdle);
    }
    int most = looks.get();
    assertTrue(most <= 12, most + " looks of which each takes half of what is waited for");
    slow.set(0);
    long[] keeps = new long[4];
    for (int i = 0; i < keeps.length; i++) {
      lookAgain(entry);
      keeps[i] = entry.settle(now.get()) / 1_000_000_000;
    }
    assertEquals(59, keeps[3], "it keeps until the next look");
    int before = looks.get();
    for (int i = 0; i < 100; i++) {
      entry.workload();
      entry.settle(now.incrementAndGet());
    }
    assertTrue(entry.isIdle());
    assertEquals(before, looks.get());
  }

  /** A runtime may need a moment to say that it is its; before a look has said so it may be. */
  @Test
  void aPlainNameIsNoContainersOnceNoneHasClaimedIt() throws InterruptedException {
    CountDownLatch answer = new CountDownLatch(1);
    try (Workloads some =
        new Workloads(
            suspects -> {
              await(answer);
              looks.incrementAndGet();
              return files.get();
            },
            now::incrementAndGet)) {
      files.set(new Found(null, true));
      Workloads.Entry entry = enter(some, "/apps/web");
      assertEquals(Container.UNKNOWN, entry.workload().container(), "nobody has looked yet");
      answer.countDown();
      eventually(() -> entry.workload().container() == null);
      assertFalse(entry.workload().settled());
      lookAgain(entry);
      assertTrue(entry.workload().settled());
      assertNull(entry.workload().container());
    }
  }

  /** What is behind the last that is looked at may be one. */
  @Test
  void aPathWithMoreNamesThanAreLookedAtIsNeverNone() throws InterruptedException {
    files.set(new Found(null, true));
    Workloads.Entry entry = enter(workloads, "/a".repeat(Suspect.DEPTH_MAX));
    lookAgain(entry);
    assertFalse(entry.workload().settled());
    assertEquals(Container.UNKNOWN, entry.workload().container());
  }

  @Test
  void aUsersWordIsLookedUpNowhereAndStaysUnknown() {
    Workloads.Entry entry =
        enter(
            workloads,
            "/user.slice/user-7.slice/user@7.service/user.slice/libpod-" + ID + ".scope");
    assertEquals(0, entry.settle(now.get()));
    assertTrue(entry.isUsers());
    assertNull(enter(workloads, "/user.slice/user@7.service/web").workload().container());
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
      assertNotEquals(0, slow.settle(now.incrementAndGet()));
      assertNotEquals(0, slow.settle(now.incrementAndGet()), "and is not waited for again");
      Workloads.Entry quick = enter(some, SCOPE);
      eventually(() -> quick.settle(now.addAndGet(Workloads.SETTLES.toNanos())) == 0);
      assertEquals(List.of("/dead"), stuck);
      dead.countDown();
      eventually(() -> slow.settle(now.addAndGet(Workloads.SETTLES.toNanos())) == 0);
      assertTrue(slow.workload().container().known());
    }
  }

  @Test
  void howManyWaitForAThreadIsBounded() throws InterruptedException {
    CountDownLatch dead = new CountDownLatch(1);
    AtomicInteger looked = new AtomicInteger();
    try (Workloads some =
        new Workloads(
            suspects -> {
              await(dead);
              looked.incrementAndGet();
              return KNOWN;
            },
            now::incrementAndGet)) {
      List<Workloads.Entry> all = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        all.add(enter(some, "/apps/a" + i));
      }
      assertEquals(1 + Workloads.QUEUE, all.stream().filter(e -> !e.isIdle()).count());
      dead.countDown();
      eventually(() -> all.stream().allMatch(Workloads.Entry::isIdle));
      assertEquals(1 + Workloads.QUEUE, looked.get());
      Workloads.Entry refused = all.getLast();
      assertFalse(refused.workload().settled(), "it stays unknown, and is asked for again");
      eventually(() -> refused.workload().settled());
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aLookThatThrowsLeavesItUnknown() throws InterruptedException {
    try (Workloads some =
        new Workloads(
            suspects -> {
              throw new IllegalStateException("by a test");
            },
            now::incrementAndGet)) {
      Workloads.Entry entry = enter(some, "/apps/web");
      eventually(() -> some.failed() == 1 && entry.isIdle());
      long keeps = entry.settle(now.get() - 1_000_000);
      assertTrue(keeps >= 99_000_000, "it is looked at again, but not at once");
      assertEquals(Container.UNKNOWN, entry.workload().container());
      assertEquals(1, some.failed());
    }
  }
}
