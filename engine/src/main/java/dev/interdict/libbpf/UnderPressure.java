package dev.interdict.libbpf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What keeps a process at work on a host that runs out of memory or processors. A task that starves
 * the host must not take the engine along: its policies would be left to their fallbacks.
 */
public final class UnderPressure {
  private static final Path OOM_SCORE = Path.of("/proc/self/oom_score_adj");
  private static final Path THREADS = Path.of("/proc/self/task");

  private UnderPressure() {}

  /**
   * Exempts this process from being killed for want of memory, and gives all of its threads the
   * largest share of the processors: a collection waits for each of them. To be called once, before
   * the process starts threads of its own, which inherit it.
   *
   * @return what could not be had, and why
   */
  public static List<String> prepare() {
    List<String> missing = new ArrayList<>();
    try {
      Files.writeString(OOM_SCORE, "-1000");
    } catch (IOException e) {
      missing.add("it may be killed for want of memory (CAP_SYS_RESOURCE): " + e.getMessage());
    }
    if (!raiseThreads()) {
      missing.add("its threads run like everybody's (CAP_SYS_NICE)");
    }
    return missing;
  }

  private static boolean raiseThreads() {
    try (Stream<Path> threads = Files.list(THREADS)) {
      return threads.filter(thread -> !raise(thread)).toList().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /** True also of a thread that has ended meanwhile. */
  private static boolean raise(Path thread) {
    int number = Integer.parseInt(thread.getFileName().toString());
    return LibC.nice(number, ThreadPriority.BEST) || !Files.exists(thread);
  }
}
