package dev.interdict.engine;

import dev.interdict.verdict.NamedFiles;
import dev.interdict.verdict.NamedFiles.FileId;
import dev.interdict.verdict.NamedFiles.Place;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tells the kernel's side where the paths lead that policies mention, and looks again and again
 * whether they still do.
 *
 * <p>A path on a file system that does not answer (a dead NFS server) holds up a thread of its own
 * and, once, the others for a moment; until it answers, what was found before counts, by an engine
 * before this one, too. Safe for use by many threads.
 */
final class FileNameKeeper implements AutoCloseable {
  private static final Logger LOG = System.getLogger(FileNameKeeper.class.getName());
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  /** What answers at all answers within this time. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** For those after one that has not, in the same round: the next round looks again. */
  private static final Duration LESS_PATIENCE = Duration.ofMillis(250);

  private final NamedFiles kernel;
  private final NameSets sets;
  private final Finder finder;

  /* The thread's own. */
  private final Map<String, Whereabouts.Found> found = new HashMap<>();
  private final Map<String, Future<Whereabouts.Found>> stuck = new HashMap<>();
  private final Set<String> told = new HashSet<>();
  private ExecutorService looker = newLooker();

  private final Worker worker;
  private Set<String> wanted = Set.of();
  private long asked;
  private long answered;
  private RuntimeException failure;

  /** Where a path leads. */
  interface Finder {
    Whereabouts.Found find(String name) throws IOException;
  }

  private FileNameKeeper(NamedFiles kernel, NameSets sets, Workers workers, Finder finder) {
    this.kernel = kernel;
    this.sets = sets;
    this.finder = finder;
    this.worker = workers.add("file-names", this::look);
  }

  /** Starts to look, for nothing yet: what the kernel's side knows stands until {@link #use}. */
  static FileNameKeeper start(NamedFiles kernel, NameSets sets, Workers workers, Finder finder) {
    FileNameKeeper keeper = new FileNameKeeper(kernel, sets, workers, finder);
    keeper.worker.start();
    return keeper;
  }

  /**
   * From now on {@code names} are kept. When this returns the kernel's side knows them, but for
   * those on file systems that do not answer.
   *
   * @throws dev.interdict.libbpf.BpfException if there are more than it can know
   */
  synchronized void use(Set<String> names) {
    if (asked > 0 && names.equals(wanted) && failure == null) {
      return;
    }
    wanted = Set.copyOf(names);
    long mine = ++asked;
    notifyAll();
    try {
      for (long end = System.nanoTime() + 2 * PATIENCE.toNanos(); answered < mine; ) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          LOG.log(Level.WARNING, "some paths of policies are not looked up yet");
          return;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void look() throws InterruptedException {
    Set<String> names;
    long round;
    synchronized (this) {
      while (asked == 0) {
        wait();
      }
      for (long end = System.nanoTime() + LOOK_EVERY.toNanos(); answered == asked; ) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          break;
        }
        wait(left);
      }
      names = wanted;
      round = asked;
    }
    RuntimeException failed = null;
    try {
      found.keySet().retainAll(names);
      stuck.keySet().retainAll(names);
      Duration patience = PATIENCE;
      for (String name : names) {
        if (!look(name, patience)) {
          patience = LESS_PATIENCE;
        }
      }
      publish(found.keySet().containsAll(stuck.keySet()));
    } catch (RuntimeException e) {
      failed = e;
      LOG.log(Level.WARNING, "the kernel was not told where paths of policies lead", e);
    }
    synchronized (this) {
      failure = failed;
      answered = round;
      notifyAll();
    }
  }

  /** False if its file system has not answered now. */
  private boolean look(String name, Duration patience) throws InterruptedException {
    Future<Whereabouts.Found> answer = stuck.get(name);
    if (answer != null && !answer.isDone()) {
      return true;
    }
    if (answer == null) {
      answer = looker.submit(() -> finder.find(name));
    }
    try {
      Whereabouts.Found now = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      stuck.remove(name);
      found.put(name, now);
      tell(name, now);
    } catch (TimeoutException e) {
      LOG.log(Level.WARNING, "{0}: the file system does not answer", name);
      stuck.put(name, answer);
      looker.shutdown(); // it ends when the answer comes
      looker = newLooker();
      return false;
    } catch (ExecutionException e) {
      stuck.remove(name); // what was found before counts
      LOG.log(
          e.getCause() instanceof IOException ? Level.DEBUG : Level.WARNING,
          "{0} could not be looked at: {1}",
          name,
          e.getCause());
    }
    return true;
  }

  private void tell(String name, Whereabouts.Found now) {
    if (now.distrusted() ? told.add(name) : told.remove(name)) {
      LOG.log(
          Level.INFO,
          now.distrusted()
              ? "{0} leads through folders of a user to what is not that user''s: a policy that mentions it holds"
                  + " for that path alone"
              : "{0} leads where it should again",
          name);
    }
  }

  /**
   * @param all whether none is still to be looked at for the first time: else what is not found
   *     stands
   */
  private void publish(boolean all) {
    Map<Place, Set<String>> places = new HashMap<>();
    Map<FileId, Set<String>> files = new HashMap<>();
    found.forEach(
        (name, where) -> {
          where.places().forEach(p -> places.computeIfAbsent(p, k -> new TreeSet<>()).add(name));
          if (where.file() != null) {
            files.computeIfAbsent(where.file(), k -> new TreeSet<>()).add(name);
          }
        });
    kernel.write(numbers(places), numbers(files), all);
  }

  private <K> Map<K, Integer> numbers(Map<K, Set<String>> names) {
    Map<K, Integer> numbers = new HashMap<>();
    names.forEach((key, set) -> numbers.put(key, sets.number(set)));
    return numbers;
  }

  private static ExecutorService newLooker() {
    return Executors.newSingleThreadExecutor(
        Thread.ofPlatform().name("file-names-looker").daemon().factory());
  }

  @Override
  public void close() {
    worker.close();
    looker.shutdown();
  }
}
