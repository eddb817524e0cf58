package dev.interdict.verdict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnitPlaceTest {
  private static final int UNITS = 10_000;

  /** As cgroups are numbered: one after the other, and with gaps. */
  private static List<Long> units(long gap) {
    return LongStream.range(0, UNITS).map(i -> 4_711 + i * gap).boxed().toList();
  }

  /** By {@code unit_place()} as a C program has printed it. */
  @Test
  void placesAreThoseOfTheKernelsSide() {
    UnitPlace place = new UnitPlace(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
    assertEquals(1_833_433_334L, place.of(1));
    assertEquals(420_281_883L, place.of(4_711));
    assertEquals(1_647_613_122L, place.of(1L << 40));
  }

  /**
   * Ten tenths of 10,000: chi square with 9 degrees of freedom is above 27.9 once in a thousand.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 16, 4096})
  void everyTenthMustHaveItsShare(long gap) {
    for (long key = 1; key <= 10; key++) {
      UnitPlace place = new UnitPlace(key * 0x9e3779b97f4a7c15L, ~key);
      int[] tenths = new int[10];
      units(gap).forEach(unit -> tenths[(int) (place.of(unit) * 10 / UnitPlace.ALL)]++);
      double square = 0;
      for (int count : tenths) {
        square += Math.pow(count - UNITS / 10.0, 2) / (UNITS / 10.0);
      }
      assertTrue(square < 27.9, "key " + key + ": chi square " + square);
    }
  }

  /** Of the units that come first under one key, a tenth comes first under another. */
  @Test
  void anotherKeyMustChooseAnotherTenth() {
    long tenth = UnitPlace.share(10);
    UnitPlace one = new UnitPlace(1, 2);
    List<Long> first = new ArrayList<>(units(1));
    first.removeIf(unit -> one.of(unit) >= tenth);
    for (UnitPlace other : List.of(new UnitPlace(1, 3), new UnitPlace(2, 2))) {
      long again = first.stream().filter(unit -> other.of(unit) < tenth).count();
      assertTrue(again > 50 && again < 160, again + " of " + first.size());
    }
  }

  /** Whoever is in a step stays in all later ones. */
  @Test
  void stepsMustOnlyAddUnits() {
    UnitPlace place = new UnitPlace(5, 6);
    for (int percent = 1; percent < 100; percent++) {
      long share = UnitPlace.share(percent);
      long next = UnitPlace.share(percent + 1);
      assertTrue(share < next);
      assertTrue(
          units(1).stream().allMatch(unit -> place.of(unit) >= share || place.of(unit) < next));
    }
    assertEquals(0, UnitPlace.share(0));
    assertEquals(UnitPlace.ALL, UnitPlace.share(100));
    assertEquals(UnitPlace.ALL / 4, UnitPlace.share(25));
  }
}
