package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.TestObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Objects, programs and the ring in the real kernel; nothing is attached. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class LibbpfIT {
  private static final byte[] ELF = TestObject.compile("probe");
  private static final int LOOPBACK = 1;
  private static final int XDP_DROP = 1;
  private static final int XDP_PASS = 2;

  private BpfObject object;

  @BeforeEach
  void load() {
    object = BpfObject.open("probe", ELF);
    object.autoload("refused", false);
    object.load();
  }

  @AfterEach
  void close() {
    object.close();
  }

  @Test
  void recordsComeInOrderAndDiscardedOnesDoNot() {
    List<Integer> seen = new ArrayList<>();
    try (KernelMap map = object.map("ring");
        RingBuffer ring = new RingBuffer(map)) {
      for (int i : new int[] {5, 0, 6, 7}) {
        send(i);
      }
      assertTrue(ring.hasData());
      int count = ring.consume((data, at, bytes) -> seen.add(first(data, at, bytes)), 100);
      assertEquals(3, count);
      assertFalse(ring.hasData());
    }
    assertEquals(List.of(5, 6, 7), seen);
  }

  @Test
  void theLimitLeavesTheRestAndRoomIsGivenBack() {
    try (KernelMap map = object.map("ring");
        RingBuffer ring = new RingBuffer(map)) {
      AtomicInteger sum = new AtomicInteger();
      // 65536 / 72 = 910 records fit: three times round
      for (int i = 0; i < 3000; i++) {
        assertEquals(XDP_PASS, send(1 + i % 100));
        if (i % 500 == 499) {
          assertEquals(200, ring.consume((d, at, n) -> sum.addAndGet(first(d, at, n)), 200));
          assertEquals(300, ring.consume((d, at, n) -> sum.addAndGet(first(d, at, n)), 1000));
        }
      }
      assertEquals(30 * 5050, sum.get());
      assertEquals(0, ring.consume((d, at, n) -> sum.incrementAndGet(), 1));
    }
  }

  @Test
  void aFullRingRefusesAndTheNextReaderGoesOnWhereTheLastStopped() {
    try (KernelMap map = object.map("ring")) {
      int sent = 0;
      while (send(1 + sent % 255) == XDP_PASS) {
        sent++;
      }
      assertEquals(XDP_DROP, send(1));
      try (RingBuffer ring = new RingBuffer(map)) {
        assertEquals(10, ring.consume((d, at, n) -> {}, 10));
      }
      try (RingBuffer ring = new RingBuffer(map)) {
        List<Integer> rest = new ArrayList<>();
        assertEquals(sent - 10, ring.consume((d, at, n) -> rest.add(first(d, at, n)), 2000));
        assertEquals(11, rest.getFirst());
      }
    }
  }

  @Test
  void aRecordThatItsConsumerRefusesIsNotSeenAgain() {
    try (KernelMap map = object.map("ring");
        RingBuffer ring = new RingBuffer(map)) {
      send(1);
      send(2);
      assertThrows(
          IllegalStateException.class,
          () ->
              ring.consume(
                  (d, at, n) -> {
                    throw new IllegalStateException();
                  },
                  10));
      List<Integer> seen = new ArrayList<>();
      ring.consume((d, at, n) -> seen.add(first(d, at, n)), 10);
      assertEquals(List.of(2), seen);
    }
  }

  @Test
  void aPositionThatSomebodyElseWroteIsNotFollowed() {
    try (KernelMap map = object.map("ring");
        Arena arena = Arena.ofConfined()) {
      send(1);
      MemorySegment page = LibC.mmap("ring", map.fd(), 0, LibC.pageBytes(), true, arena);
      for (long written : new long[] {13, 1L << 40, -8}) {
        page.set(JAVA_LONG, 0, written);
        try (RingBuffer ring = new RingBuffer(map)) {
          assertEquals(0, ring.consume((d, at, n) -> {}, 10));
          send(2);
          assertEquals(1, ring.consume((d, at, n) -> assertEquals(2, first(d, at, n)), 10));
        }
      }
      // In the middle of a record: its bytes are taken for a length.
      page.set(JAVA_LONG, 0, page.get(JAVA_LONG, 0) - 48);
      try (RingBuffer ring = new RingBuffer(map)) {
        send(3);
        ring.consume((d, at, n) -> assertTrue(n >= 0 && at + n <= d.byteSize()), 10);
      }
    }
  }

  /** Records within one record: headers that the kernel would write, at places of our choice. */
  private int crafted(int secondHeader, List<Integer> lengths) {
    ByteBuffer packet = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
    packet.putInt(0, 5).putInt(16, secondHeader);
    try (KernelMap map = object.map("ring");
        Arena arena = Arena.ofConfined()) {
      assertEquals(
          XDP_PASS, object.program("to_ring").testXdp(packet.array(), LOOPBACK, 1).answer());
      LibC.mmap("ring", map.fd(), 0, LibC.pageBytes(), true, arena).set(JAVA_LONG, 0, 8);
      try (RingBuffer ring = new RingBuffer(map)) {
        return ring.consume((d, at, n) -> lengths.add(n), 10);
      }
    }
  }

  @Test
  void recordsBeginAtMultiplesOfEight() {
    List<Integer> lengths = new ArrayList<>();
    assertEquals(2, crafted(40, lengths)); // 8 + 5 bytes take 16, the other one the rest
    assertEquals(List.of(5, 40), lengths);
  }

  @Test
  void aRecordThatIsStillBeingWrittenIsNotTakenNorPassedOver() {
    List<Integer> lengths = new ArrayList<>();
    assertEquals(1, crafted(1 << 31 | 40, lengths));
    assertEquals(List.of(5), lengths);
    try (KernelMap map = object.map("ring");
        RingBuffer ring = new RingBuffer(map)) {
      assertTrue(ring.hasData());
    }
  }

  @Test
  void aRecordThatDoesNotEndInTheRingIsRefusedAndSkipped() {
    for (int bytes : new int[] {41, 1 << 20}) {
      List<Integer> lengths = new ArrayList<>();
      assertThrows(BpfException.class, () -> crafted(bytes, lengths));
      assertEquals(List.of(5), lengths);
      try (KernelMap map = object.map("ring");
          RingBuffer ring = new RingBuffer(map)) {
        assertFalse(ring.hasData());
      }
      close();
      load();
    }
  }

  @Test
  void waitingEndsWithARecordOrWithTheTimeout() {
    try (KernelMap map = object.map("ring");
        RingBuffer ring = new RingBuffer(map)) {
      long start = System.nanoTime();
      assertFalse(RingBuffer.await(List.of(ring), Duration.ofMillis(30)));
      assertTrue(System.nanoTime() - start > 25_000_000);
      send(1);
      assertTrue(RingBuffer.await(List.of(ring), Duration.ofSeconds(5)));
    }
  }

  @Test
  void perCpuValuesComeFromAllProcessors() {
    for (int i = 0; i < 10; i++) {
      send(0);
    }
    try (KernelMap map = object.map("per_cpu")) {
      byte[] values = map.lookup(new byte[4]).orElseThrow();
      assertEquals(8 * map.info().possibleCpus(), values.length);
      ByteBuffer buffer = ByteBuffer.wrap(values).order(ByteOrder.nativeOrder());
      int sum = 0;
      for (int cpu = 0; cpu < map.info().possibleCpus(); cpu++) {
        sum += buffer.getInt(cpu * map.info().strideBytes());
      }
      assertEquals(10, sum);
    }
  }

  @Test
  void aMappedArrayIsSharedMemory() {
    try (KernelMap map = object.map("page")) {
      map.memory().set(JAVA_LONG, 8, 4711);
      byte[] value = map.lookup(new byte[4]).orElseThrow();
      assertEquals(4711, ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getLong(8));
      assertEquals(32, map.memory().byteSize());
    }
  }

  @Test
  void whatTheVerifierRefusesIsExplained() {
    try (BpfObject other = BpfObject.open("probe", ELF)) {
      other.autoload("refused", true);
      VerifierException e = assertThrows(VerifierException.class, other::load);
      assertTrue(e.getMessage().startsWith("cannot load program refused: EACCES"), e.getMessage());
      assertTrue(e.getMessage().contains("packet"), e.getMessage());
      assertTrue(e.log().lines().count() > 1, e.log());
    }
  }

  @Test
  void equalProgramsHaveEqualTags() {
    try (BpfObject other = BpfObject.open("probe", ELF)) {
      other.autoload("refused", false);
      other.load();
      assertEquals(object.program("to_ring").tag(), other.program("to_ring").tag());
      assertEquals(16, object.program("to_ring").tag().length());
    }
  }

  @Test
  void aReusedMapIsTheSameMap() {
    try (KernelMap table = object.map("table");
        BpfObject other = BpfObject.open("probe", ELF)) {
      other.autoload("refused", false);
      other.reuse("table", table);
      other.load();
      try (KernelMap again = other.map("table")) {
        assertEquals(table.info().id(), again.info().id());
      }
    }
  }

  private int send(int first) {
    byte[] packet = new byte[64];
    packet[0] = (byte) first;
    return object.program("to_ring").testXdp(packet, LOOPBACK, 1).answer();
  }

  private static int first(MemorySegment data, long at, int bytes) {
    assertEquals(64, bytes);
    return data.get(JAVA_BYTE, at) & 0xff;
  }
}
