package dev.interdict.verdict;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.BpfMap;
import dev.interdict.libbpf.ProcessIdentity;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.security.SecureRandom;

/**
 * The memory that engine and programs share without system calls: {@code struct engine_state} of
 * {@code verdict.h}, in the mapped map of that name. Safe for use by many threads.
 */
public final class EngineState {
  private static final long HEARTBEAT = EventLayouts.ENGINE_STATE.offset("heartbeat_ns");
  private static final long ASLEEP = EventLayouts.ENGINE_STATE.offset("asleep");
  private static final long PID = EventLayouts.ENGINE_STATE.offset("engine_pid");
  private static final long START = EventLayouts.ENGINE_STATE.offset("engine_start");
  private static final long PROCESSORS = EventLayouts.ENGINE_STATE.offset("processors");
  private static final long EPOCH = EventLayouts.ENGINE_STATE.offset("posture_epoch");
  private static final long NAMES = EventLayouts.ENGINE_STATE.offset("names_epoch");
  private static final long AUDIT_UNTIL = EventLayouts.ENGINE_STATE.offset("audit_until_ns");
  private static final long HASH_KEY = EventLayouts.ENGINE_STATE.offset("hash_key");
  private static final long DIGEST_KEY = EventLayouts.ENGINE_STATE.offset("digest_key");
  private static final long CONTEXT_KEY = EventLayouts.ENGINE_STATE.offset("context_key");
  private static final long NAME_KEY = EventLayouts.ENGINE_STATE.offset("name_key");
  private static final long PATH_KEY = EventLayouts.ENGINE_STATE.offset("path_key");
  private static final long FILTER = EventLayouts.ENGINE_STATE.offset("names_filter");
  private static final int CONTEXT_WORDS =
      EventLayouts.ENGINE_STATE.field("context_key").size() / Long.BYTES;
  private static final VarHandle LONG = JAVA_LONG.varHandle();
  private static final VarHandle INT = JAVA_INT.varHandle();

  private final MemorySegment page;
  private volatile boolean stopped;

  private EngineState(MemorySegment page) {
    this.page = page;
  }

  /** Maps the page for somebody who is not the engine: draws no secret, and needs none. */
  public static EngineState ofAnother(BpfMap engineState) {
    return new EngineState(engineState.memory());
  }

  /**
   * Maps the page. The secret of the hashes is drawn if there is none yet, and kept if there is:
   * names and verdicts in the kernel rest on it.
   */
  public EngineState(BpfMap engineState) {
    this(engineState.memory());
    long words = page.get(JAVA_LONG, HASH_KEY) | page.get(JAVA_LONG, HASH_KEY + 8);
    if (words == 0) {
      SecureRandom random = new SecureRandom();
      for (int i = 0; i < VerdictKey.SECRET_WORDS; i++) {
        page.set(JAVA_LONG, DIGEST_KEY + 8L * i, random.nextLong());
      }
      for (int i = 0; i < CONTEXT_WORDS; i++) {
        page.set(JAVA_LONG, CONTEXT_KEY + 8L * i, random.nextLong());
      }
      for (int i = 0; i < NameHash.SECRET_WORDS; i++) {
        page.set(JAVA_LONG, NAME_KEY + 8L * i, random.nextLong());
      }
      for (int i = 0; i < EventLayouts.ENGINE_STATE.field("path_key").size() / Long.BYTES; i++) {
        page.set(JAVA_LONG, PATH_KEY + 8L * i, random.nextLong());
      }
      // Last, since zero means that there is none.
      LONG.set(page, HASH_KEY, random.nextLong() | 1);
      LONG.setRelease(page, HASH_KEY + 8, random.nextLong());
    }
  }

  /**
   * Tells the programs that the engine works: who waits goes on waiting as long as this comes again
   * within the deadline. By a clock that stands still while the host sleeps, as {@link
   * System#nanoTime} does on Linux (CLOCK_MONOTONIC): a host that wakes up has an engine. Nothing
   * after {@link #stop}.
   */
  public void beat() {
    long last = (long) LONG.getAcquire(page, HEARTBEAT);
    if (!stopped) {
      LONG.compareAndSet(page, HEARTBEAT, last, System.nanoTime());
    }
  }

  /** Nanoseconds since the last {@link #beat}; {@link Long#MAX_VALUE}: there is none. */
  public long silentNs() {
    long last = (long) LONG.getAcquire(page, HEARTBEAT);
    return last == 0 ? Long.MAX_VALUE : Math.max(0, System.nanoTime() - last);
  }

  /** Takes the heartbeat back for good: from now on nobody waits. */
  public void stop() {
    stopped = true;
    LONG.setRelease(page, HEARTBEAT, 0L);
  }

  /**
   * Says whether the consumer blocks and must be woken by the next record. After {@code true}, look
   * at the rings once more before blocking: this store is ordered before that look.
   */
  public void asleep(boolean asleep) {
    INT.setVolatile(page, ASLEEP, asleep ? 1 : 0);
    VarHandle.fullFence();
  }

  /** Names the process that is never held and never refused: by more than its number. */
  public void engine(ProcessIdentity process) {
    INT.setRelease(page, PID, 0);
    LONG.setRelease(page, START, process.startTicks());
    INT.setRelease(page, PROCESSORS, Runtime.getRuntime().availableProcessors());
    INT.setRelease(page, PID, process.pid());
  }

  /** Until when nothing is refused on this host, whatever is in force; 0: it is. CLOCK_BOOTTIME. */
  public long auditUntilNs() {
    return (long) LONG.getAcquire(page, AUDIT_UNTIL);
  }

  /** Takes enforcement off the host until then; 0: puts it back. */
  public void auditUntil(long ns) {
    LONG.setRelease(page, AUDIT_UNTIL, ns);
  }

  /** The same, unless it is off for longer; until when it is. Two at once: the longer counts. */
  public long auditAtLeastUntil(long ns) {
    while (true) {
      long until = auditUntilNs();
      if (until >= ns || LONG.compareAndSet(page, AUDIT_UNTIL, until, ns)) {
        return Math.max(until, ns);
      }
    }
  }

  /** Nobody is the engine any more, and nobody waits; the page stays mapped. */
  public void close() {
    INT.setRelease(page, PID, 0);
    stop();
  }

  /** The secret of {@link VerdictKey#digest}. */
  long[] digestSecret() {
    return page.asSlice(DIGEST_KEY, 8L * VerdictKey.SECRET_WORDS).toArray(JAVA_LONG);
  }

  /**
   * The secret of the word that stands for a context: {@link VerdictKey#digest(byte[], long[])}.
   */
  long[] contextSecret() {
    return page.asSlice(CONTEXT_KEY, 8L * CONTEXT_WORDS).toArray(JAVA_LONG);
  }

  /** The secret of {@link NameHash#of}. */
  long[] nameSecret() {
    return page.asSlice(NAME_KEY, 8L * NameHash.SECRET_WORDS).toArray(JAVA_LONG);
  }

  /** From now on the programs ask the maps of names for what is in {@code filter}, too. */
  void widenFilter(NamesFilter filter) {
    for (int i = 0; i < NamesFilter.WORDS; i++) {
      LONG.getAndBitwiseOr(page, FILTER + 8L * i, filter.words()[i]);
    }
  }

  /** From now on for that only. What is not in it must be in no map any more. */
  void narrowFilter(NamesFilter filter) {
    for (int i = 0; i < NamesFilter.WORDS; i++) {
      LONG.setRelease(page, FILTER + 8L * i, filter.words()[i]);
    }
  }

  /** What the programs remember of the names of files is void. */
  void namesChanged() {
    INT.setRelease(page, NAMES, (int) INT.getAcquire(page, NAMES) + 1);
  }

  /** The posture in force is copy {@code epoch & 1}. */
  int postureEpoch() {
    return (int) INT.getAcquire(page, EPOCH);
  }

  /** Puts the spare copy in force. All that was written before is seen by who sees this. */
  void switchPosture() {
    INT.setRelease(page, EPOCH, postureEpoch() + 1);
  }
}
