package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class UnderPressureTest {
  /** Fields of proc(5) behind the name: nice is the 19th, policy the 41st. */
  private static String[] stat() throws Exception {
    String stat = Files.readString(Path.of("/proc/thread-self/stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
  }

  /** What the call says is what the kernel has, for this thread and none that it starts. */
  @Test
  void aPriorityIsWhatItIsSaidToBe() throws Exception {
    var said = new CompletableFuture<ThreadPriority>();
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
    String policy = own.get()[41 - 3];
    String nice = own.get()[19 - 3];
    switch (said.get()) {
      case REAL_TIME -> assertEquals("2", policy);
      case RAISED -> assertEquals("-20", nice);
      case NONE -> assertTrue(policy.equals("0") && !nice.equals("-20"), policy + " " + nice);
    }
    assertEquals("0", stat()[41 - 3], "another thread");
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
