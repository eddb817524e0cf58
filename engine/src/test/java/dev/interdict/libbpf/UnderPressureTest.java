package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class UnderPressureTest {
  /** The 19th field of proc(5), in those behind the name. */
  private static final int NICE = 19 - 3;

  private static String[] stat() throws Exception {
    String stat = Files.readString(Path.of("/proc/thread-self/stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ", -1);
  }

  /** What the call says is what the kernel has, for this thread and not for those before it. */
  @Test
  void aPriorityIsWhatItIsSaidToBe() throws Exception {
    String before = stat()[NICE];
    var said = new CompletableFuture<Boolean>();
    var own = new CompletableFuture<String[]>();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                said.complete(ThreadPriority.raise());
                own.complete(stat());
              } catch (Exception e) {
                own.completeExceptionally(e);
              }
            })
        .join();
    assertEquals(said.get() ? "-20" : before, own.get()[NICE]);
    assertEquals(before, stat()[NICE], "another thread");
  }

  @Test
  void aProcessIsKnownByItsNumberAndItsStart() throws Exception {
    ProcessIdentity self = ProcessIdentity.self();
    assertEquals(ProcessHandle.current().pid(), self.pid());
    assertTrue(self.startTicks() * 10_000_000 <= BootClock.nowNs(), self::toString);
    String named = "7 (a) b) 9) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
    assertEquals(new ProcessIdentity(7, 4711), ProcessIdentity.parse(named));
  }
}
