package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.interdict.v1.Mode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * The guest with its engine and the trial policies applied; one for all tests, because starting it
 * takes most of a test's time. A test leaves it as it found it: everything in enforce mode.
 */
final class Host {
  /** The policies of {@code src/test/resources/lsm}. */
  static final List<String> POLICIES = List.of("trial-files", "trial-exec", "trial-net");

  /**
   * Has all programs of tasks stay at their hooks, whatever other policies come and go: the
   * emulated machine takes two seconds to verify each. Covers nobody.
   */
  static final String KEEP = "trial-keep";

  static final String FORBIDDEN_ADDRESS = "127.0.0.2";
  static final String ALLOWED_ADDRESS = "127.0.0.3";
  static final String FORBIDDEN_ADDRESS_6 = "fd00::2";
  static final String ALLOWED_ADDRESS_6 = "fd00::3";

  /**
   * Every counter of a hook that stands for an answer without a decision, but for {@code at_once},
   * which needs no engine that is ill.
   */
  private static final List<String> UNANSWERED =
      List.of("gave_up", "stale", "cannot", "crowded", "no_waiter");

  /** Users that nobody else is. */
  private static final int NEW_USERS = 100_000;

  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Pattern OBJECT = Pattern.compile("^\\d+: ");
  private static boolean tried;
  private static Host only;

  private final List<String> applied = new ArrayList<>(POLICIES);
  private final List<String> listedBefore;
  private EngineProcess engine;
  private Admin admin;
  private Decisions decisions;

  private Host() {
    Guest.cgroup(Guest.COVERED);
    Guest.cgroup("/keep");
    prepare();
    listedBefore = kernelObjects();
    start();
    admin.apply(KEEP);
    for (String policy : POLICIES) {
      admin.apply(policy);
    }
  }

  /** The one of this run; skips the test outside the virtual machine. */
  static synchronized Host get() {
    Guest.require();
    if (tried) {
      assertNotNull(only, "the engine did not start; the first test tells why");
      return only;
    }
    tried = true;
    only = new Host();
    return only;
  }

  private static void prepare() {
    for (String name : List.of("secret", "twin", "keys")) {
      Guest.file(Guest.FILES.resolve(name), "content\n");
    }
    Guest.directory(Guest.FILES.resolve("closed"));
    Guest.directory(Guest.FILES.resolve("below"));
    Guest.directory(Guest.FILES.resolve("open"));
    try {
      for (String name : List.of("victim", "companion")) {
        Guest.file(Guest.FILES.resolve(name), "");
        Files.write(Guest.FILES.resolve(name), Files.readAllBytes(Attack.VICTIM));
      }
      Guest.file(Guest.FILES.resolve("tool"), "");
      Files.write(Guest.FILES.resolve("tool"), Files.readAllBytes(Attack.TOOL));
      link("/trial/files/reader", "tool");
      link("/trial/alias", "files");
      Guest.sticky(Guest.FILES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Guest.run("ip", "-6", "address", "replace", FORBIDDEN_ADDRESS_6 + "/128", "dev", "lo");
    for (String card : List.of("all", "lo")) { // so that detours arrive
      Guest.write(Path.of("/proc/sys/net/ipv6/conf", card, "seg6_enabled"), "1");
      for (String setting : List.of("accept_source_route", "route_localnet", "accept_local")) {
        Guest.write(Path.of("/proc/sys/net/ipv4/conf", card, setting), "1");
      }
    }
    Guest.run("ip", "-6", "address", "replace", ALLOWED_ADDRESS_6 + "/128", "dev", "lo");
  }

  private static void link(String name, String target) throws IOException {
    Files.deleteIfExists(Path.of(name));
    Files.createSymbolicLink(Path.of(name), Path.of(target));
  }

  private void start() {
    start(EngineProcess.DEADLINE);
  }

  private void start(Duration deadline) {
    engine = EngineProcess.start(deadline);
    admin = new Admin(EngineProcess.SOCKET);
    decisions = new Decisions(admin);
  }

  EngineProcess engine() {
    return engine;
  }

  Admin admin() {
    return admin;
  }

  Decisions decisions() {
    return decisions;
  }

  /** Starts a new engine in place of one that has ended. */
  void restart() {
    admin.close();
    start();
  }

  /** Ends the engine and starts one with another deadline. */
  void restart(Duration deadline) {
    engine.stop();
    admin.close();
    start(deadline);
  }

  /** A cgroup that the policies cover and that nobody has used before. */
  static String covered(String name) {
    return Guest.COVERED + "/" + name + "-" + NUMBER.incrementAndGet();
  }

  /** A new folder of files, every so many-th of them forbidden by name; 0: none. */
  static Path files(int count, int every) {
    Path folder = folder();
    Answer made = Attack.run("make -n %d -e %d %s".formatted(count, every, folder));
    if (!made.ok()) {
      throw new AssertionError(made.toString());
    }
    return folder;
  }

  /** A new, empty folder. */
  static Path folder() {
    return Guest.directory(Path.of("/trial/many-" + NUMBER.incrementAndGet()));
  }

  /** What of this kind ({@code link}, {@code map}, {@code prog}) the kernel holds: id and name. */
  static List<String> kernelObjects(String kind) {
    return Guest.run("bpftool", kind, "show").lines().filter(OBJECT.asPredicate()).toList();
  }

  /** All kinds, and everything that is pinned. */
  static List<String> kernelObjects() {
    List<String> all = new ArrayList<>();
    for (String kind : List.of("link", "map", "prog")) {
      all.addAll(kernelObjects(kind));
    }
    all.addAll(Guest.run("find", "/sys/fs/bpf").lines().toList());
    return all;
  }

  /** {@link #kernelObjects} before the engine's first start. */
  List<String> listedBefore() {
    return listedBefore;
  }

  /** Takes everything out of the kernel; the engine has ended. */
  void uninstall() {
    admin.close();
    EngineProcess.uninstall();
    synchronized (Host.class) { // who comes after starts anew
      tried = false;
      only = null;
    }
  }

  /** Applies one more policy, until {@link #delete}; {@link #mode} is for it, too. */
  void apply(String policy) {
    admin.apply(policy);
    applied.add(policy);
  }

  void delete(String policy) {
    applied.remove(policy);
    admin.delete(policy);
  }

  /** Counts of answers without a decision, over all hooks: with a healthy engine they stand. */
  Map<String, Long> unanswered() {
    Map<String, Long> counts = new TreeMap<>();
    for (String name : UNANSWERED) {
      counts.put(name, admin.counter(name));
    }
    return counts;
  }

  /** Puts all policies into a mode. */
  void mode(Mode mode) {
    for (String policy : applied) {
      admin.mode(policy, mode);
    }
  }

  /**
   * Waits until everything that happened before is in {@link #decisions}: what the kernel knew and
   * what it asked come by two rings. Root is known, and a new user is not.
   */
  void settle() {
    String known = covered("settle");
    String asked = covered("settle");
    String open = "open " + Guest.FILES.resolve("secret");
    for (String line :
        List.of(Attack.in(asked, NEW_USERS + NUMBER.get(), open), Attack.in(known, open))) {
      if (Attack.run(line).result().isEmpty()) {
        throw new AssertionError("the attack tool printed nothing");
      }
    }
    decisions.await(asked);
    decisions.await(known);
  }
}
