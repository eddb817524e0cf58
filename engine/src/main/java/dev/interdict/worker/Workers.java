package dev.interdict.worker;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** All workers of an engine, so that each can be asked how it is. Safe for use by many threads. */
public final class Workers {
  /** With the pauses between them two and a half seconds. */
  private static final int VITAL_PATIENCE = 8;

  private final List<Worker> all = new CopyOnWriteArrayList<>();
  private final Consumer<Worker> whenLost;

  /**
   * @param whenLost told, on its thread, of a worker that has ended unasked
   */
  public Workers(Consumer<Worker> whenLost) {
    this.whenLost = whenLost;
  }

  /** A worker that goes on however often it fails. */
  public Worker add(String name, Worker.Round round) {
    return add(name, round, Integer.MAX_VALUE);
  }

  /** A worker without whose work the engine is none: one that only fails is lost. */
  public Worker addVital(String name, Worker.Round round) {
    return add(name, round, VITAL_PATIENCE);
  }

  private Worker add(String name, Worker.Round round, int patience) {
    Worker worker = new Worker(name, round, patience, whenLost);
    all.add(worker);
    return worker;
  }

  /** How each is, in the order they were added. */
  public Stream<Worker.Health> health() {
    return all.stream().map(Worker::health);
  }
}
