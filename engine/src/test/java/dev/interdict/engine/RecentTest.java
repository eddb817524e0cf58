package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RecentTest {
  private final Recent<byte[]> recent = new Recent<>(10_000, b -> b.length);

  @Test
  void noMoreBytesThanThatAreRemembered() {
    for (int id = 0; id < 1000; id++) {
      recent.keep(id, new byte[1000]);
      assertTrue(recent.count() <= 10, () -> recent.count() + " of 1,000 bytes");
    }
    assertNull(recent.get(0));
  }

  @Test
  void whatIsAskedForAllTheTimeIsNeverForgotten() {
    byte[] first = recent.keep(-1, new byte[10]);
    for (int id = 0; id < 1000; id++) {
      recent.keep(id, new byte[1000]);
      assertSame(first, recent.get(-1));
    }
  }

  @Test
  void theFirstIsTheOne() {
    byte[] first = recent.keep(1, new byte[1]);
    assertSame(first, recent.keep(1, new byte[1]));
    assertEquals(1, recent.count());
  }
}
