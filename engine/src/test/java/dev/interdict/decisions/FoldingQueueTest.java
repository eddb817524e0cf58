package dev.interdict.decisions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.FoldingQueue.Same;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FoldingQueueTest {
  private static final Duration INTERVAL = Duration.ofSeconds(10);
  private static final long NEXT = INTERVAL.toNanos();
  private static final long LARGE = 1 << 20;

  /** Such as System.nanoTime may be: the sum with an interval overflows. */
  private static final long START = Long.MAX_VALUE - 5;

  private final FoldingQueue queue = new FoldingQueue(LARGE, INTERVAL);

  @Test
  void theFirstMustComeAtOnceAndTheOthersAsOneWhenTheIntervalIsOver() {
    assertTrue(queue.add(TestRecords.denied(1, "/a"), START));
    FoldingQueue.Line first = queue.next(START);
    assertEquals(1, first.first().id());
    assertEquals(1, first.count());
    for (int id = 2; id <= 100; id++) {
      assertTrue(queue.add(TestRecords.denied(id, "/a"), START + id));
      assertNull(queue.next(START + id));
    }
    assertEquals(99, queue.waiting());
    FoldingQueue.Line others = queue.next(START + NEXT);
    assertEquals(2, others.first().id());
    assertEquals(99, others.count());
    assertEquals(Instant.ofEpochSecond(100), others.last());
    assertEquals(0, queue.waiting());
  }

  @Test
  void whatComesAgainAfterAQuietIntervalMustBeAFirstAgain() {
    queue.add(TestRecords.denied(1, "/a"), START);
    queue.next(START);
    assertNull(queue.next(START + NEXT));
    assertEquals(0, queue.bytes(), "a kind that is over is forgotten");
    queue.add(TestRecords.denied(2, "/a"), START + NEXT + 1);
    assertEquals(1, queue.next(START + NEXT + 1).count());
  }

  @Test
  void whatCameBeforeTheWriterLookedMustBeOneLine() {
    queue.add(TestRecords.denied(1, "/a"), START);
    queue.add(TestRecords.denied(2, "/a"), START);
    queue.add(TestRecords.denied(3, "/b"), START);
    FoldingQueue.Line a = queue.next(START);
    assertEquals(1, a.first().id());
    assertEquals(2, a.count());
    assertEquals("/b", queue.next(START).first().object());
    assertNull(queue.next(START));
  }

  @Test
  void anotherProcessOrNameMustMakeNoOtherKindAndAnotherObjectMust() {
    queue.add(TestRecords.by(1, 7, "a", "/a"), START);
    queue.add(TestRecords.by(2, 8, "b", "/a"), START);
    assertEquals(2, queue.next(START).count());
    queue.add(TestRecords.by(3, 7, "a", "/b"), START);
    assertEquals(3, queue.next(START).first().id());
  }

  @Test
  void withoutAnIntervalEachMustBeALine() {
    FoldingQueue each = new FoldingQueue(LARGE, Duration.ZERO);
    each.add(TestRecords.denied(1, "/a"), START);
    each.add(TestRecords.denied(2, "/a"), START);
    assertEquals(1, each.next(START).first().id());
    assertEquals(2, each.next(START).first().id());
    assertNull(each.next(START));
    assertEquals(0, each.bytes());
  }

  @Test
  void newKindsMustBeTurnedAwayWhereOthersWaitAndKnownOnesMustNot() {
    long one = TestRecords.denied(1, "/a").bytes();
    FoldingQueue small = new FoldingQueue(2 * one, INTERVAL);
    assertTrue(small.add(TestRecords.denied(1, "/a"), START));
    assertTrue(small.add(TestRecords.denied(2, "/b"), START));
    assertFalse(small.add(TestRecords.denied(3, "/c"), START));
    assertTrue(small.add(TestRecords.denied(4, "/a"), START));
    assertEquals(3, small.waiting());
    assertEquals(2 * one, small.bytes());
  }

  @Test
  void whoOnlyWaitsForRepeatsMustMakeRoomAndLoseNoneOfThem() {
    long one = TestRecords.denied(1, "/a").bytes();
    FoldingQueue small = new FoldingQueue(2 * one, INTERVAL);
    small.add(TestRecords.denied(1, "/a"), START);
    small.add(TestRecords.denied(2, "/b"), START);
    small.next(START);
    small.next(START);
    small.add(TestRecords.denied(3, "/a"), START);

    assertTrue(small.add(TestRecords.denied(4, "/c"), START), "/b had nothing to say");
    FoldingQueue.Line early = small.next(START);
    assertEquals("/a", early.first().object(), "what it had counted comes before its time");
    assertEquals(1, early.count());
    assertEquals("/c", small.next(START).first().object());
    assertEquals(one, small.bytes());
  }

  @Test
  void aFlushMustLeaveNothing() {
    queue.add(TestRecords.denied(1, "/a"), START);
    queue.next(START);
    queue.add(TestRecords.denied(2, "/a"), START);
    queue.flush();
    assertEquals(1, queue.next(START).count());
    assertEquals(0, queue.waiting());
    assertEquals(0, queue.bytes());
  }

  /** Names of the same hash are easily made; those who decide would wait for a look at each. */
  @Test
  void kindsOfTheSameHashMustBeFoundWithoutALookAtEach() {
    AtomicLong looks = new AtomicLong();
    FoldingQueue large = new FoldingQueue(Long.MAX_VALUE, INTERVAL);
    int kinds = 4096;
    for (int again = 0; again < 2; again++) {
      for (int i = 0; i < kinds; i++) {
        assertTrue(large.add(TestRecords.denied(i, found(reason(i), looks)), START));
      }
    }
    assertEquals(2, large.next(START).count());
    assertTrue(looks.get() < 200L * kinds, looks + " looks for " + kinds + " kinds");
  }

  /** Twelve times Aa or BB: all have one hash. */
  private static String reason(int number) {
    StringBuilder text = new StringBuilder();
    for (int bit = 0; bit < 12; bit++) {
      text.append((number >> bit & 1) == 0 ? "Aa" : "BB");
    }
    return text.toString();
  }

  /** Counts who looks at it. */
  private static List<Finding> found(String reason, AtomicLong looks) {
    Finding finding = new Finding("p", true, List.of(reason), List.of(), List.of());
    return new AbstractList<>() {
      @Override
      public Finding get(int index) {
        looks.incrementAndGet();
        return finding;
      }

      @Override
      public int size() {
        return 1;
      }
    };
  }

  @Test
  void theOrderOfKindsMustTellAllApartThatAreNotEqual() {
    DecisionRecord of = TestRecords.denied(1, "/a");
    List<Finding> none = List.of();
    Finding p = of.findings().getFirst();
    List<Same> all =
        Stream.of(
                of,
                TestRecords.denied(2, "/b"),
                TestRecords.denied(3, none),
                TestRecords.denied(4, List.of(p, p)),
                TestRecords.denied(
                    5, List.of(new Finding("q", true, p.deny(), p.kill(), p.warn()))),
                TestRecords.denied(
                    6, List.of(new Finding("p", false, p.deny(), p.kill(), p.warn()))),
                TestRecords.denied(
                    7, List.of(new Finding("p", true, p.kill(), p.deny(), p.warn()))),
                TestRecords.denied(
                    8, List.of(new Finding("p", true, p.kill(), p.kill(), p.deny()))))
            .map(Same::of)
            .toList();
    for (Same one : all) {
      for (Same other : all) {
        assertEquals(one.equals(other), one.compareTo(other) == 0, one + " and " + other);
        assertEquals(one.compareTo(other) < 0, other.compareTo(one) > 0, one + " and " + other);
      }
    }
  }

  /** Whatever comes in whatever order: each is in a line or was refused, none twice. */
  @Test
  void nothingMustBeLostOrToldTwice() {
    long one = TestRecords.denied(1, "/00").bytes();
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      FoldingQueue few = new FoldingQueue(10 * one, INTERVAL);
      Map<String, Long> taken = new HashMap<>();
      Map<String, Long> told = new HashMap<>();
      Set<String> first = new HashSet<>();
      long now = START;
      for (int id = 1; id <= 20_000; id++) {
        now += random.nextLong(NEXT / 20);
        String object = "/" + (10 + random.nextInt(30));
        if (few.add(TestRecords.denied(id, object), now)) {
          taken.merge(object, 1L, Long::sum);
        }
        assertTrue(few.bytes() <= 10 * one);
        if (random.nextInt(3) == 0) {
          tell(few, now, told, first);
        }
      }
      few.flush();
      while (tell(few, now, told, first)) {}
      assertEquals(taken, told, "seed " + seed);
      assertEquals(taken.keySet(), first);
    }
  }

  private static boolean tell(
      FoldingQueue from, long now, Map<String, Long> told, Set<String> first) {
    FoldingQueue.Line line = from.next(now);
    if (line != null) {
      told.merge(line.first().object(), line.count(), Long::sum);
      first.add(line.first().object());
    }
    return line != null;
  }
}
