package dev.interdict.pipeline;

import dev.interdict.eval.HostNames;
import dev.interdict.event.Event;
import dev.interdict.event.EventDecoder;
import dev.interdict.event.RecordException;
import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.RingBuffer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Takes records off rings and hands on what they say. Whatever a record is or does, it is counted
 * and the next one is taken. For one thread.
 */
final class RecordReader implements RingBuffer.Consumer {
  private static final Logger LOG = System.getLogger(RecordReader.class.getName());

  private final Consumer<Event> work;
  private final PipelineCounters counters;
  private final HostNames names;
  private final Predicate<Event> genuine;

  /**
   * @param names what labels are called
   * @param genuine whether an event is what its key was made of; others are counted as malformed
   */
  RecordReader(
      Consumer<Event> work, PipelineCounters counters, HostNames names, Predicate<Event> genuine) {
    this.names = names;
    this.genuine = genuine;
    this.work = work;
    this.counters = counters;
  }

  /** Returns how many were taken, at most {@code limit}. */
  int drain(RingBuffer ring, int limit) {
    try {
      return ring.consume(this, limit);
    } catch (BpfException e) {
      LOG.log(Level.ERROR, "records were skipped", e);
      counters.malformed.increment();
      return 1;
    }
  }

  @Override
  public void accept(MemorySegment data, long at, int bytes) {
    try {
      Event event = EventDecoder.decode(data, at, bytes, names::labels);
      if (!genuine.test(event)) {
        throw new RecordException("a record whose key was not made of what it says of its task");
      }
      work.accept(event);
    } catch (RecordException e) {
      counters.malformed.increment();
      LOG.log(Level.WARNING, "a record was skipped: {0}", e.getMessage());
    } catch (Throwable e) { // an Error too: a task can cause the next one as often as it likes
      counters.broken(e);
    }
  }
}
