package dev.interdict.libbpf;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The kernel's priority of a thread; Java's own priorities mean nothing on Linux.
 *
 * <p>No real-time priority: on a kernel that does not preempt itself such a thread stays behind a
 * task that waits in a hook on its processor, also while another processor is free; a thread of the
 * usual scheduling class is moved there.
 */
public final class ThreadPriority {
  private static final Path THREADS = Path.of("/proc/self/task");

  private ThreadPriority() {}

  /**
   * Lets the calling thread run before all others of the usual scheduling class.
   *
   * @return false if the process may not: it needs CAP_SYS_NICE
   */
  public static boolean raise() {
    return LibC.nice(0);
  }

  /**
   * Lets threads of this process run so, and all that they start from now on.
   *
   * @param names beginnings of names, of which Linux keeps 15 bytes
   * @throws IOException if the threads cannot be listed
   */
  public static void raise(String... names) throws IOException {
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        if (Stream.of(names).anyMatch(name(thread)::startsWith)) {
          LibC.nice(Integer.parseInt(thread.getFileName().toString()));
        }
      }
    }
  }

  private static String name(Path thread) {
    try {
      return Files.readString(thread.resolve("comm"));
    } catch (IOException e) {
      return ""; // it has ended
    }
  }
}
