package dev.interdict.cli;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the demo acts on, all of its own: a cgroup, a folder with secrets and programs, two loopback
 * addresses, a network namespace with a pair of interfaces. {@link #close} leaves nothing of it
 * behind.
 */
final class DemoStage implements AutoCloseable {
  static final String CGROUP = "/interdict-demo";
  static final Path FOLDER = Path.of("/run/interdict-demo");
  static final String FORBIDDEN_HOST = "127.6.6.1";
  static final String ALLOWED_HOST = "127.7.7.1";
  private static final String NAMESPACE = "interdict-demo";
  private static final String HERE = "10.66.6.1";
  private static final String THERE = "10.66.6.2";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path cgroup;
  private final List<AutoCloseable> listeners = new ArrayList<>();
  private int port;

  /** What a command in the cgroup did: its exit code, and what it printed. */
  record Attempt(int exit, String output) {
    boolean worked() {
      return exit == 0;
    }
  }

  /**
   * Sets the stage.
   *
   * @param cgroupRoot where cgroup2 is mounted
   */
  DemoStage(Path cgroupRoot) throws IOException {
    cgroup = cgroupRoot.resolve(CGROUP.substring(1));
    close();
    Files.createDirectories(cgroup);
    Path secrets = Files.createDirectories(FOLDER.resolve("secrets"));
    for (String name : List.of("token", "key", "never-seen")) {
      Files.writeString(secrets.resolve(name), "the secret " + name + "\n");
    }
    Files.writeString(FOLDER.resolve("notes"), "nothing special\n");
    Path programs = Files.createDirectories(FOLDER.resolve("bin"));
    for (String name : List.of("miner", "miner-2", "tool", "tool-2")) {
      copy("/bin/sleep", programs.resolve(name));
    }
    copy("/bin/cat", programs.resolve("vault"));
    listen();
    interfaces();
  }

  private static void copy(String program, Path to) throws IOException {
    Files.copy(Path.of(program).toRealPath(), to, StandardCopyOption.REPLACE_EXISTING);
    to.toFile().setExecutable(true);
  }

  private void listen() throws IOException {
    ServerSocket forbidden = new ServerSocket(0, 50, InetAddress.getByName(FORBIDDEN_HOST));
    port = forbidden.getLocalPort();
    listeners.add(forbidden);
    listeners.add(new ServerSocket(port, 50, InetAddress.getByName(ALLOWED_HOST)));
  }

  private static void interfaces() throws IOException {
    must("ip", "netns", "add", NAMESPACE);
    must("ip", "link", "add", "idemo0", "type", "veth", "peer", "name", "idemo1");
    must("ip", "link", "set", "idemo1", "netns", NAMESPACE);
    must("ip", "addr", "add", HERE + "/24", "dev", "idemo0");
    must("ip", "link", "set", "idemo0", "up");
    must("ip", "-n", NAMESPACE, "addr", "add", THERE + "/24", "dev", "idemo1");
    must("ip", "-n", NAMESPACE, "link", "set", "idemo1", "up");
  }

  private static void must(String... command) throws IOException {
    Attempt attempt = run(List.of(command));
    if (!attempt.worked()) {
      throw new IOException(String.join(" ", command) + ": " + attempt.output());
    }
  }

  /** Runs a shell command in the cgroup. */
  Attempt attempt(String command) throws IOException {
    return run(
        List.of(
            "bash",
            "-c",
            "echo $$ > \"$0\" && eval \"$1\"",
            cgroup.resolve("cgroup.procs").toString(),
            command));
  }

  /** A command that opens a connection to {@code host}, where somebody listens. */
  String connect(String host) {
    return "echo hello > /dev/tcp/%s/%d".formatted(host, port);
  }

  /**
   * Sends {@code count} datagrams from the namespace to {@code target} here; says how many arrived.
   */
  int packets(int target, int count) throws IOException {
    String send =
        "for i in $(seq %d); do echo hello > /dev/udp/%s/%d; sleep 0.3; done"
            .formatted(count, HERE, target);
    int arrived = 0;
    try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(HERE, target))) {
      socket.setSoTimeout(1000);
      run(List.of("ip", "netns", "exec", NAMESPACE, "bash", "-c", send));
      while (arrived < count) {
        socket.receive(new DatagramPacket(new byte[64], 64));
        arrived++;
      }
    } catch (SocketTimeoutException e) {
      // That was all.
    }
    return arrived;
  }

  private static Attempt run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output =
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(command + " did not end within " + PATIENCE.toSeconds() + " s");
      }
      return new Attempt(process.exitValue(), output.strip());
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Takes everything down again, also what an earlier demo left when it was killed. */
  @Override
  public void close() throws IOException {
    for (AutoCloseable listener : listeners) {
      try {
        listener.close();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
    run(List.of("ip", "link", "del", "idemo0"));
    run(List.of("ip", "netns", "del", NAMESPACE));
    Files.deleteIfExists(cgroup);
    delete(FOLDER);
  }

  /** Removes a folder with all that is in it, if it is there. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
