package dev.interdict.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Two network namespaces with a pair of interfaces between them: {@code here} (10.77.0.1, fd77::1)
 * in {@link #here}, {@code there} (10.77.0.2, fd77::2) in {@link #there}. Nothing of the machine's
 * own network is touched.
 */
public final class Net implements AutoCloseable {
  public static final String INTERFACE = "here";
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("open"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SETNS =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("setns"),
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle CLOSE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final int CLONE_NEWNET = 0x40000000;

  private final String prefix = "idt" + ProcessHandle.current().pid();
  private final ExecutorService hereThread;
  private final ExecutorService thereThread;

  public Net() {
    for (String side : new String[] {"here", "there"}) {
      Shell.run("ip", "netns", "add", prefix + side);
    }
    ip("here", "link add here type veth peer name there netns " + prefix + "there");
    configure("here", 1);
    configure("there", 2);
    // Without neighbour discovery: a policy that drops everything would drop that too.
    String hereMac = mac("here");
    String thereMac = mac("there");
    ip("here", "neigh replace 10.77.0.2 lladdr " + thereMac + " dev here nud permanent");
    ip("here", "neigh replace fd77::2 lladdr " + thereMac + " dev here nud permanent");
    ip("there", "neigh replace 10.77.0.1 lladdr " + hereMac + " dev there nud permanent");
    ip("there", "neigh replace fd77::1 lladdr " + hereMac + " dev there nud permanent");
    hereThread = thread("here");
    thereThread = thread("there");
  }

  /** Runs {@code work} in the namespace that has the interface {@link #INTERFACE}. */
  public <T> T here(Callable<T> work) {
    return run(hereThread, work);
  }

  /** Runs {@code work} at the other end. */
  public <T> T there(Callable<T> work) {
    return run(thereThread, work);
  }

  /** An {@code ip} command at the side {@code here} or {@code there}. */
  public String ip(String side, String command) {
    return Shell.run(("ip -n " + prefix + side + " " + command).split(" ", -1));
  }

  /** Any command at that side. */
  public String exec(String side, String... command) {
    List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", prefix + side));
    words.addAll(List.of(command));
    return Shell.run(words.toArray(String[]::new));
  }

  @Override
  public void close() {
    hereThread.shutdown();
    thereThread.shutdown();
    Shell.run("ip", "netns", "del", prefix + "here");
    Shell.run("ip", "netns", "del", prefix + "there");
  }

  private void configure(String side, int host) {
    ip(side, "link set lo up");
    ip(side, "addr add 10.77.0." + host + "/24 dev " + side);
    ip(side, "addr add fd77::" + host + "/64 dev " + side + " nodad");
    ip(side, "link set " + side + " up");
  }

  private String mac(String side) {
    String text = ip(side, "link show " + side);
    return text.substring(text.indexOf("link/ether ") + 11).split(" ", 2)[0];
  }

  /** The namespace is the thread's own: the rest of the process stays where it is. */
  private ExecutorService thread(String side) {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    run(
        thread,
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            int fd = (int) OPEN.invoke(arena.allocateFrom("/run/netns/" + prefix + side), 02000000);
            int result = (int) SETNS.invoke(fd, CLONE_NEWNET);
            int closed = (int) CLOSE.invoke(fd);
            if (result != 0 || closed != 0) {
              throw new AssertionError("setns failed");
            }
            return result;
          } catch (Throwable t) {
            throw new AssertionError(t);
          }
        });
    return thread;
  }

  private static <T> T run(ExecutorService thread, Callable<T> work) {
    try {
      return thread.submit(work).get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      if (e.getCause() instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new AssertionError(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
