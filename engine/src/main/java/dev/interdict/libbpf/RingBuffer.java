package dev.interdict.libbpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.List;

/**
 * The reading end of a {@code BPF_MAP_TYPE_RINGBUF}, in its mapped pages: no system call and no
 * allocation per record.
 *
 * <p>For one thread at a time. Nobody else may read the same ring.
 */
public final class RingBuffer implements AutoCloseable {
  /*
   * The kernel maps three areas one after the other: a page with the consumer's position, which we
   * write; a page with the producer's; the data, twice, so that a record that wraps is in one piece.
   * Positions count bytes and never wrap. A record is a length with two flags (busy: the sign; discarded), four bytes of the
   * kernel's own, and the data, rounded up to eight.
   */
  private static final int HEADER_BYTES = 8;
  private static final int DISCARDED = 1 << 30;

  /** Positions are released this often, so that producers see room while a long batch runs. */
  private static final int RELEASE_EVERY = 64;

  private static final VarHandle LONG = JAVA_LONG.varHandle();
  private static final VarHandle INT = JAVA_INT.varHandle();

  private final Arena arena = Arena.ofShared();
  private final String name;
  private final int fd;
  private final long size;
  private final MemorySegment consumer;
  private final MemorySegment producer;
  private final MemorySegment data;
  private long position;

  /** What is done with a record. */
  @FunctionalInterface
  public interface Consumer {
    /**
     * Takes the record at {@code [offset, offset + bytes)} of {@code data}, which is valid only
     * during the call. The bytes are what the kernel's side wrote; nothing about them is checked.
     */
    void accept(MemorySegment data, long offset, int bytes);
  }

  /**
   * Maps the ring and goes on at the position where its last reader stopped.
   *
   * @param map stays open as long as this ring is used
   */
  public RingBuffer(KernelMap map) {
    this.name = map.info().name();
    this.fd = map.fd();
    if (map.info().type() != MapInfo.RINGBUF) {
      throw new BpfException("read map", name, 0, "it is no ring buffer: " + map.info().shape());
    }
    this.size = map.info().maxEntries();
    long page = LibC.pageBytes();
    try {
      consumer = LibC.mmap(name, fd, 0, page, true, arena);
      MemorySegment rest = LibC.mmap(name, fd, page, page + 2 * size, false, arena);
      producer = rest.asSlice(0, page);
      data = rest.asSlice(page);
    } catch (BpfException e) {
      arena.close();
      throw e;
    }
    position = startingAt((long) LONG.getAcquire(consumer, 0L));
  }

  /** Any process that maps the ring can write the position: one that makes no sense is not kept. */
  private long startingAt(long written) {
    long produced = (long) LONG.getAcquire(producer, 0L);
    boolean sound =
        written >= 0 && (written & 7) == 0 && written <= produced && produced - written <= size;
    return sound ? written : produced;
  }

  /**
   * Hands on the records that are there, oldest first, and gives their room back.
   *
   * <p>If {@code target} throws, its record counts as consumed and the exception passes through.
   *
   * @param limit at most so many records
   * @return how many were handed on
   * @throws BpfException if the ring's bookkeeping makes no sense; all that is in it is skipped
   */
  public int consume(Consumer target, int limit) {
    // Locals: after each acquire a field would have to be read, and its bounds checked, again.
    MemorySegment records = data;
    long mask = size - 1;
    long at = position;
    long produced = (long) LONG.getAcquire(producer, 0L);
    int count = 0;
    int unreleased = 0;
    try {
      while (count < limit) {
        if (at == produced) {
          produced = (long) LONG.getAcquire(producer, 0L);
          if (at == produced) {
            break;
          }
        }
        long offset = at & mask;
        int header = (int) INT.getAcquire(records, offset);
        if (header < 0) {
          break; // busy
        }
        int bytes = header & ~DISCARDED;
        long next = at + ((bytes + (long) HEADER_BYTES + 7) & ~7L);
        if (next - at > size || next > produced) {
          long bad = at;
          at = produced;
          throw corrupt(bytes, bad, produced);
        }
        if (++unreleased > RELEASE_EVERY) {
          LONG.setRelease(consumer, 0L, at);
          unreleased = 1;
        }
        at = next;
        if ((header & DISCARDED) == 0) {
          count++;
          target.accept(records, offset + HEADER_BYTES, bytes);
        }
      }
    } finally {
      position = at;
      LONG.setRelease(consumer, 0L, at);
    }
    return count;
  }

  /** Whether a record, finished or not, is there. */
  public boolean hasData() {
    return (long) LONG.getAcquire(producer, 0L) != position;
  }

  /**
   * Blocks until a ring has data that its producer wakes readers for.
   *
   * @param timeout at most so long; rounded up to milliseconds
   * @return whether one has data
   */
  public static boolean await(List<RingBuffer> rings, Duration timeout) {
    int[] fds = new int[rings.size()];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = rings.get(i).fd;
    }
    long millis = timeout.plusNanos(999_999).toMillis();
    return LibC.poll(fds, (int) Math.min(millis, Integer.MAX_VALUE)) > 0;
  }

  private BpfException corrupt(int bytes, long at, long produced) {
    return new BpfException(
        "read ring",
        name,
        0,
        "a record of %d bytes at %d does not fit between there and %d: another process writes to"
                .formatted(bytes, at, produced)
            + " its pages");
  }

  /** Unmaps the ring; records that were not consumed stay for the next reader. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
