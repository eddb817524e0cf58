package dev.interdict.recording;

import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import dev.interdict.libbpf.BootClock;
import dev.interdict.pipeline.Tap;
import dev.interdict.verdict.KeyMask;
import dev.interdict.verdict.Verdict;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Records what the engine is asked. At most one recording is under way. Safe for use by many
 * threads.
 *
 * <p>The decider hands over what it is asked and never waits: what does not fit into the queue is
 * lost and counted, and the recording says so. A worker of its own makes tuples and writes them.
 */
public final class Recorder implements Tap, AutoCloseable {
  private static final Logger LOG = System.getLogger(Recorder.class.getName());

  /** Longer than anybody waits for a block to be written. */
  private static final Duration END = Duration.ofSeconds(10);

  /** What the end of the engine waits for it: a disk that is dead must not keep it. */
  private static final Duration LAST = Duration.ofSeconds(5);

  /** Of so many that are over it knows what is in them and what not. */
  private static final int OVER = 100;

  private static final String NO_HOOK = "hook";

  private final RecordingStore store;
  private final HostNames names;
  private final Masks masks;
  private final String version;
  private final LongSupplier clock;
  private final Worker worker;

  /** The recording under way; null: none. */
  private volatile Session session;

  /** How those were that have ended, by their number. */
  private final ConcurrentSkipListMap<Long, Info> over = new ConcurrentSkipListMap<>();

  /** What a key was made by. */
  @FunctionalInterface
  public interface Masks {
    /** As {@code Postures.mask}: null if nobody knows any more. */
    KeyMask mask(Hook hook, int set);
  }

  /**
   * A recording.
   *
   * @param ends when it stops by itself; null: it does not, or it is over
   * @param last when it was last written to
   * @param underWay whether it goes on
   * @param redacted facts that are left out
   * @param tuples written since this engine began it; {@code asks} and {@code lost} (asks that are
   *     missing) alike; 0 of one that another engine began, or long ago
   */
  public record Info(
      long id,
      Instant started,
      Instant ends,
      Instant last,
      boolean underWay,
      Set<String> redacted,
      long bytes,
      long tuples,
      long asks,
      long lost) {
    private Info with(long now) {
      return new Info(id, started, ends, last, underWay, redacted, now, tuples, asks, lost);
    }
  }

  private Recorder(
      RecordingStore store,
      HostNames names,
      Masks masks,
      String version,
      LongSupplier clock,
      Workers crew) {
    this.store = store;
    this.names = names;
    this.masks = masks;
    this.version = version;
    this.clock = clock;
    this.worker = crew.add("recorder", this::round);
  }

  /**
   * A recorder that waits for {@link #begin}.
   *
   * @param state where {@code recordings} is, or will be
   */
  public static Recorder start(
      Path state, HostNames names, Masks masks, String version, Workers crew) {
    RecordingStore store =
        new RecordingStore(state, RecordingStore.BYTES_MAX, RecordingStore.SEGMENT_BYTES);
    return start(store, names, masks, version, BootClock::nowNs, crew);
  }

  static Recorder start(
      RecordingStore store,
      HostNames names,
      Masks masks,
      String version,
      LongSupplier clock,
      Workers crew) {
    Recorder recorder = new Recorder(store, names, masks, version, clock, crew);
    recorder.worker.start();
    return recorder;
  }

  @Override
  public void asked(Event event, PolicySet set, Verdict verdict) {
    Session now = session;
    if (now != null) {
      now.offer(new Session.Ask(event, set, verdict));
    }
  }

  /**
   * Begins a recording.
   *
   * @param limit after which it stops by itself; null: never
   * @param redacted facts to leave out, by their dotted paths, each with all below it
   * @throws RecordingException if one is under way, a fact is none, or the disk refuses
   */
  public synchronized Info begin(Duration limit, Set<String> redacted) {
    if (session != null) {
      throw new RecordingException(
          "cannot start a recording: recording %d is under way; first: interdict record stop"
              .formatted(session.id));
    }
    redacted.forEach(Recorder::require);
    Session fresh;
    try {
      fresh = new Session(store.begin(), limit, clock, new TreeSet<>(redacted), version, store);
    } catch (IOException e) {
      throw new RecordingException("cannot start a recording: " + e.getMessage(), e);
    }
    session = fresh;
    worker.unpark();
    return fresh.info(0, true);
  }

  private long bytes(long id) {
    return list().stream().filter(i -> i.id() == id).mapToLong(Info::bytes).sum();
  }

  private static void require(String fact) {
    if (!redactable().contains(fact)) {
      throw new RecordingException(
          "cannot leave out \"%s\": it is no fact that can be; these can: %s"
              .formatted(fact, String.join(", ", redactable())));
    }
  }

  /** The facts that can be left out, and what stands for all below it. */
  public static Set<String> redactable() {
    Set<String> all = new TreeSet<>();
    for (Hook hook : Hook.values()) {
      for (String fact : KeyMask.fields(hook, new ReadSet(Set.of("")))) {
        for (int end = fact.length(); end > 0; end = fact.lastIndexOf('.', end - 1)) {
          all.add(fact.substring(0, end));
        }
      }
    }
    all.remove(NO_HOOK);
    return all;
  }

  /**
   * Ends the recording under way; all of it is on the disk then.
   *
   * @throws RecordingException if none is, or its end could not be written in time
   */
  public synchronized Info stop() {
    Session now = session;
    if (now == null) {
      throw new RecordingException(
          "cannot stop: no recording is under way; see: interdict record list");
    }
    now.end();
    worker.unpark();
    try {
      now.ended().get(END.toMillis(), TimeUnit.MILLISECONDS);
      if (now.unended() != null) {
        throw new RecordingException(
            "recording %d has ended, but its last part could not be written: %s"
                .formatted(now.id, now.unended()));
      }
      return now.info(bytes(now.id), false);
    } catch (TimeoutException | ExecutionException e) {
      throw new RecordingException(
          "recording %d takes its time to end: the disk is slow; see: interdict record list"
              .formatted(now.id),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RecordingException("interrupted while recording " + now.id + " ended", e);
    }
  }

  /** The recording under way, its bytes not counted; null: none. */
  Info underWay() {
    Session now = session;
    return now == null ? null : now.info(0, true);
  }

  /**
   * All recordings of this host, the oldest first.
   *
   * @throws RecordingException if they cannot be read
   */
  public List<Info> list() {
    Session now = session;
    List<Info> all = new ArrayList<>();
    try {
      for (RecordingStore.Kept kept : store.list()) {
        all.add(
            now != null && kept.id() == now.id
                ? now.info(kept.bytes(), true)
                : over.getOrDefault(kept.id(), unknown(kept)).with(kept.bytes()));
      }
    } catch (IOException e) {
      throw new RecordingException("cannot list the recordings: " + e.getMessage(), e);
    }
    return all;
  }

  private static Info unknown(RecordingStore.Kept kept) {
    Instant started = kept.set() == null ? kept.last() : kept.set().started();
    Set<String> redacted = kept.set() == null ? Set.of() : kept.set().redacted();
    return new Info(kept.id(), started, null, kept.last(), false, redacted, 0, 0, 0, 0);
  }

  /**
   * Writes a recording as one file, as far as it is on the disk.
   *
   * @param id 0: the latest
   * @throws RecordingException if there is none, or it was changed
   */
  public void export(long id, OutputStream to) throws IOException {
    long wanted = id;
    if (wanted == 0) {
      List<RecordingStore.Kept> all = store.list();
      if (all.isEmpty()) {
        throw new RecordingException(
            "there is no recording; make one with: interdict record start");
      }
      wanted = all.getLast().id();
    }
    store.export(wanted, to);
  }

  private void round() throws InterruptedException {
    Session now = session;
    if (now == null) {
      LockSupport.park(this);
      return;
    }
    if (now.work(names, masks)) {
      session = null;
      now.close();
      over.put(now.id, now.info(0, false));
      if (over.size() > OVER) {
        over.pollFirstEntry();
      }
      now.ended().complete(null); // who waits for it may begin the next
    }
  }

  /** The recording under way; null: none. */
  Session session() {
    return session;
  }

  /**
   * Ends the recording under way; what was handed over is written, by its worker alone. A worker
   * that the disk does not let go is left behind, with what it holds: the engine's other parts wait
   * for their end.
   */
  @Override
  public void close() {
    Session now = session;
    if (now == null) {
      worker.close();
      return;
    }
    now.end();
    try {
      now.ended().get(LAST.toMillis(), TimeUnit.MILLISECONDS);
      worker.close();
    } catch (TimeoutException | ExecutionException e) {
      worker.stop();
      LOG.log(
          Level.WARNING,
          "recording {0} did not end within {1}, the disk is slow: {2} asks may not be in it",
          now.id,
          LAST,
          now.unwritten());
    } catch (InterruptedException e) {
      worker.stop();
      Thread.currentThread().interrupt();
    }
  }
}
