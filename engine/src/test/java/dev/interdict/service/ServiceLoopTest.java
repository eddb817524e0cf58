package dev.interdict.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.interdict.testkit.NotifySocket;
import dev.interdict.worker.Workers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service manager hears, at a real socket and by a clock that the test turns. */
@Timeout(60)
class ServiceLoopTest {
  private static final long PID = 4711;
  private static final long MS = 1_000_000;
  private static final long NEVER = Long.MAX_VALUE;

  @TempDir Path folder;
  private NotifySocket socket;
  private final Workers workers = new Workers(lost -> {});
  private long nowNs = 50_000 * MS;
  private volatile long silentNs = NEVER;
  private final Deque<String> heard = new ArrayDeque<>();
  private volatile boolean reloaded = true;
  private final AtomicInteger reloads = new AtomicInteger();
  private final AtomicReference<String> status = new AtomicReference<>("all is well");

  @BeforeEach
  void open() {
    socket = new NotifySocket(folder.resolve("notify").toString());
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private ServiceManager manager(String... more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("NOTIFY_SOCKET", socket.address());
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return ServiceManager.of(environment, PID).orElseThrow();
  }

  private ServiceLoop.Subject subject() {
    return new ServiceLoop.Subject(
        () -> silentNs,
        Duration.ofSeconds(1),
        status::get,
        () -> {
          reloads.incrementAndGet();
          return () -> reloaded;
        });
  }

  private ServiceLoop loop(String... more) {
    return new ServiceLoop(manager(more), subject(), () -> nowNs, workers);
  }

  @Test
  void readyMustWaitUntilTheEngineDecides() {
    ServiceLoop loop = loop();
    assertEquals(Duration.ofMillis(100), loop.look());
    assertEquals(List.of("STATUS=all is well"), socket.messages());
    silentNs = 1001 * MS;
    loop.look();
    assertEquals(List.of(), socket.messages(), "its last sign of life is too old");
    silentNs = 40 * MS;
    assertEquals(Duration.ofSeconds(1), loop.look());
    assertEquals(List.of("READY=1"), socket.messages());
    loop.look();
    assertEquals(List.of(), socket.messages(), "once");
  }

  @Test
  void theWatchdogMustBeFedAtHalfOfItsTimeAndByNobodyButWhoDecides() {
    ServiceLoop loop = loop("WATCHDOG_USEC", "1600000", "WATCHDOG_PID", "" + PID);
    loop.look();
    socket.messages();
    List<Long> fed = new ArrayList<>();
    long start = nowNs;
    silentNs = 1;
    for (Duration next; nowNs < start + 4000 * MS; nowNs += next.toNanos()) {
      next = loop.look();
      if (socket.messages().contains("WATCHDOG=1")) {
        fed.add((nowNs - start) / MS);
      }
    }
    assertEquals(List.of(0L, 800L, 1600L, 2400L, 3200L), fed);

    silentNs = 1001 * MS;
    for (int i = 0; i < 100; i++) {
      nowNs += loop.look().toNanos();
    }
    assertFalse(socket.messages().contains("WATCHDOG=1"), "who decides is dead");

    silentNs = 1;
    loop.look();
    assertTrue(socket.messages().contains("WATCHDOG=1"), "it was only late: no time is lost");
  }

  @Test
  void aWatchdogOfAnotherProcessOrOfNobodyMustNotBeFed() {
    silentNs = 1;
    for (ServiceLoop loop :
        List.of(
            loop(),
            loop("WATCHDOG_USEC", "1000000", "WATCHDOG_PID", "1"),
            loop("WATCHDOG_USEC", "soon"))) {
      for (int i = 0; i < 20; i++) {
        nowNs += loop.look().toNanos();
      }
      List<String> told = socket.messages();
      assertTrue(told.contains("READY=1"), told::toString);
      assertFalse(told.contains("WATCHDOG=1"), told::toString);
    }
  }

  @Test
  void aReloadMustEndOnlyWhenItIsDone() {
    ServiceLoop loop = loop();
    loop.reload();
    loop.look();
    assertEquals(0, reloads.get(), "nobody waits for it before the engine decides");
    silentNs = 1;
    loop.look();
    socket.messages();
    reloaded = false;
    assertEquals(Duration.ofMillis(100), loop.look());
    assertEquals(List.of("RELOADING=1 MONOTONIC_USEC=" + nowNs / 1000), socket.messages());
    loop.look();
    assertEquals(List.of(), socket.messages());
    reloaded = true;
    silentNs = NEVER;
    loop.look();
    assertEquals(List.of(), socket.messages(), "nor when it cannot decide");
    silentNs = 1;
    loop.look();
    assertEquals(List.of("READY=1"), socket.messages());
    assertEquals(1, reloads.get());
  }

  @Test
  void theStatusMustBeOneLineAndToldWhenItChanges() {
    silentNs = 1;
    ServiceLoop loop = loop();
    status.set("a\nWATCHDOG=1\u001b[31m" + "x".repeat(500));
    loop.look();
    String told = socket.messages().getLast();
    assertTrue(told.startsWith("STATUS=a WATCHDOG=1 [31mx"), told);
    assertTrue(told.endsWith("x ...") && told.length() < 320, told);
    nowNs += 5000 * MS;
    loop.look();
    assertEquals(List.of(), socket.messages(), "the same");
    status.set("worse");
    nowNs += 4999 * MS;
    loop.look();
    assertEquals(List.of(), socket.messages(), "not each time it looks");
    nowNs += MS;
    loop.look();
    assertEquals(List.of("STATUS=worse"), socket.messages());
  }

  @Test
  void whatCannotBeToldMustBeToldLater() {
    silentNs = 1;
    ServiceLoop loop = loop("WATCHDOG_USEC", "1000000");
    socket.close();
    assertEquals(Duration.ofMillis(100), loop.look());
    assertTrue(folder.resolve("notify").toFile().delete());
    loop.look();
    socket = new NotifySocket(folder.resolve("notify").toString());
    nowNs += 5000 * MS;
    loop.look();
    assertEquals(List.of("WATCHDOG=1", "READY=1", "STATUS=all is well"), socket.messages());
  }

  @Test
  void anAbstractNameMustBeKnown() {
    try (NotifySocket named = new NotifySocket("@interdict/test/" + PID + "/" + folder)) {
      ServiceManager manager =
          ServiceManager.of(Map.of("NOTIFY_SOCKET", named.address()), PID).orElseThrow();
      assertTrue(manager.tell("READY=1", "STATUS=x"));
      assertEquals(List.of("READY=1 STATUS=x"), named.messages());
    }
  }

  @Test
  void aReloadThatIsAskedForDuringALookMustNotSeemOlderThanThat() {
    AtomicReference<Runnable> then = new AtomicReference<>();
    ServiceLoop loop =
        new ServiceLoop(
            manager(),
            subject(),
            () -> {
              long read = nowNs;
              Runnable next = then.getAndSet(null);
              if (next != null) {
                next.run();
              }
              return read;
            },
            workers);
    silentNs = 1;
    loop.look();
    socket.messages();
    then.set(
        () -> {
          nowNs += 5 * MS;
          loop.reload();
        });
    loop.look();
    assertEquals("RELOADING=1 MONOTONIC_USEC=" + nowNs / 1000, socket.messages().getFirst());
  }

  @Test
  void whoIsStartedToIgnoreHangupsMustBeToldThatItDoesNotReload() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process ignoring =
        new ProcessBuilder(
                "sh",
                "-c",
                "trap '' HUP; exec \"$0\" -cp \"$1\" \"$2\"",
                java,
                System.getProperty("java.class.path"),
                HangupMain.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(ignoring.getInputStream().readAllBytes(), UTF_8);
    assertTrue(said.contains("SIGHUP does not reload"), said);
    assertTrue(said.endsWith("false\n"), said);
  }

  /** Asks for SIGHUP, and says whether it comes. */
  static final class HangupMain {
    private HangupMain() {}

    public static void main(String[] arguments) {
      System.out.println(Hangup.handle(() -> {}));
    }
  }

  @Test
  void nobodyMustBeToldWhoHasNotAsked() {
    for (String address : List.of("", "relative", "vsock:2:9999", "/" + "x".repeat(107), "@")) {
      assertTrue(ServiceManager.of(Map.of("NOTIFY_SOCKET", address), PID).isEmpty(), address);
    }
    assertTrue(ServiceManager.of(Map.of(), PID).isEmpty());
  }

  /** The whole: its own thread, a signal from another process, and the end. */
  @Test
  void sighupMustReloadAndTheEndMustBeTold() throws Exception {
    assumeTrue(Hangup.handle(() -> {}), "SIGHUP is ignored here, as under nohup");
    silentNs = 1;
    ServiceLoop loop = ServiceLoop.start(manager("WATCHDOG_USEC", "200000"), subject(), workers);
    await("READY=1");
    assertEquals(List.of("service"), workers.health().map(w -> w.name()).toList());
    String pid = Long.toString(ProcessHandle.current().pid());
    assertEquals(0, new ProcessBuilder("kill", "-HUP", pid).start().waitFor());
    await("RELOADING=1");
    await("READY=1");
    await("WATCHDOG=1");
    assertEquals(1, reloads.get());
    loop.close();
    assertEquals(
        "STOPPING=1 STATUS=ends; what is enforced stays enforced", socket.messages().getLast());
  }

  /** Leaves what comes after it. */
  private void await(String message) throws InterruptedException {
    while (heard.isEmpty() || !heard.removeFirst().startsWith(message)) {
      if (heard.isEmpty()) {
        Thread.sleep(10);
        heard.addAll(socket.messages());
      }
    }
  }
}
