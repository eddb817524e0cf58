package dev.interdict.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Event;
import dev.interdict.testkit.Events;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How long the failures of one policy may take, and of whose events. */
final class PatienceTest {
  private static final long MS = 1_000_000;
  private static final long SECOND = 1000 * MS;
  private static final long EACH = 50 * MS;

  /** Root's containers begin here, at no border of blocks, as LXD would have it. */
  private static final int ROOTS = 1_000_000;

  /** User 1000 has what Debian would give him. */
  private final Patience patience =
      new Patience(user -> user >= ROOTS ? ROOTS : user >= 100_000 && user < 165_536 ? 1000 : user);

  private long now = 7 * SECOND;

  private static Event by(int user) {
    return Events.open("/tmp/any", user, "/etc/shadow");
  }

  /** Asked as often as it may be; how many times that was. */
  private int failAs(int user, int times) {
    int asked = 0;
    for (int i = 0; i < times; i++) {
      if (!patience.isSpent(by(user), now)) {
        now += EACH;
        patience.failed(by(user), now, EACH);
        asked++;
      }
    }
    return asked;
  }

  @Test
  void oneUserSpendsWhatIsHisAndNobodyElses() {
    assertEquals(3, failAs(1000, 100));
    assertTrue(patience.isSpent(by(1000), now));
    assertFalse(patience.isSpent(by(1001), now));
    assertFalse(patience.isSpent(by(0), now));
    for (int second = 0; second < 10_000; second++) {
      now += SECOND;
      failAs(1000, 1);
      assertFalse(patience.isSpent(by(1001), now), "after " + second + " s");
    }
  }

  /** What his namespaces are lent, which begins and ends anywhere. */
  @Test
  void whatAUserIsLentIsHim() {
    assertEquals(1, failAs(1000, 1));
    assertEquals(2, failAs(140_000, 100));
    assertTrue(patience.isSpent(by(1000), now));
    assertFalse(patience.isSpent(by(165_536), now));
  }

  /** Such as one that makes the policy parse all its data again. */
  @Test
  void whoTakesLongTakesItFromHimself() {
    patience.failed(by(1000), now, 5 * SECOND);
    assertTrue(patience.isSpent(by(1000), now));
    assertFalse(patience.isSpent(by(1001), now));
    now += 400 * SECOND;
    assertTrue(patience.isSpent(by(1000), now));
    now += 100 * SECOND;
    assertFalse(patience.isSpent(by(1000), now));
  }

  /** Whoever fails again as soon as he may. */
  @Test
  void manyWhoGoOnSpendABoundedTimeToo() {
    long start = now;
    int asked = 0;
    for (int i = 0; i < 100_000; i++) {
      asked += failAs(1 + i % 50, 1);
      now += 10 * MS;
    }
    assertTrue(asked * EACH <= (now - start) / 20 + Patience.OF_ALL_NS + EACH, asked + " times");
  }

  /** A container's root may make cgroups and be any of its users, and is one all the same. */
  @Test
  void whatRootLendsAtOnceIsOne() {
    assertEquals(3, failAs(ROOTS, 100));
    for (int user : new int[] {1, 0x10000, 500_000_000, 999_999_999}) {
      assertEquals(0, failAs(ROOTS + user, 1), () -> "as its user " + user);
    }
    assertFalse(patience.isSpent(by(0), now));
  }

  @Test
  void lookingOftenDoesNotMakeItLast() {
    failAs(1000, 100);
    long end = now + 5 * SECOND;
    for (; now < end; now += 99_999) {
      patience.isSpent(by(1000), now);
    }
    assertEquals(1, failAs(1000, 1));
  }

  /** HashMap finds what has one hash by its order, or else by a look at each. */
  @Test
  void originsOfOneHashMustHaveAnOrder() {
    Patience.Origin one = new Patience.Origin(-1, 1L << 32);
    Patience.Origin two = new Patience.Origin(-1, 1);
    assertEquals(one.hashCode(), two.hashCode());
    Comparable<Patience.Origin> ordered = one;
    assertTrue(ordered.compareTo(two) > 0 && two.compareTo(one) < 0);
    assertEquals(0, ordered.compareTo(new Patience.Origin(-1, 1L << 32)));
    assertTrue(ordered.compareTo(new Patience.Origin(0, 0)) < 0);
  }

  @Test
  void itIsForgivenAsTimeGoesBy() {
    failAs(1000, 100);
    now += 3 * SECOND;
    assertEquals(1, failAs(1000, 100));
    now += 20 * SECOND;
    assertEquals(3, failAs(1000, 100));
  }

  /** Else he had as many as he makes: executables, cgroups, users of his namespaces. */
  @Test
  void whatAUserIsLentForHisNamespacesCountsAsOne() {
    assertEquals(3, failAs(0x80000, 100));
    assertTrue(patience.isSpent(by(0x80000 + 60_000), now));
    assertFalse(patience.isSpent(by(0x80000 + 70_000), now));
  }

  /** The thread that decides for all is not taken from other policies, however many fail. */
  @Test
  void allTogetherSpendABoundedTime() {
    int asked = IntStream.range(1, 60_000).map(user -> failAs(user, 10)).sum();
    assertTrue(asked <= 12, asked + " evaluations in a row");
    assertTrue(patience.isSpent(by(60_001), now), "and all are left alone");
    long start = now;
    asked = 0;
    for (int i = 0; i < 3600; i++) {
      now += SECOND;
      asked += failAs(i, 10);
    }
    long share = (now - start) / (asked * EACH);
    assertTrue(share >= 19, "one part in " + share);
  }
}
