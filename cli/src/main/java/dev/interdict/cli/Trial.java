package dev.interdict.cli;

import dev.interdict.attach.Pins;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.engine.Engine;
import dev.interdict.engine.EngineConfig;
import dev.interdict.engine.EngineLock;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.ListPoliciesRequest;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.PolicyCounters;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One run of a command under a policy that enforces, on this machine's kernel, with an engine
 * beside the usual one. The policy covers the command's cgroup and nothing else. However the
 * program ends, but by SIGKILL, nothing of it stays in force; what that leaves the next trial takes
 * away.
 */
final class Trial implements AutoCloseable {
  private static final String NAME = "interdict-try";

  /** Not a new one each time: its lock says whose the pins are. */
  private static final Path FOLDER = Path.of("/run", NAME);

  /** Between two looks at whether the command has ended. */
  private static final Duration STEP = Duration.ofMillis(100);

  /** After the command has ended, for what is still to be told. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private static final Duration MOST = Duration.ofSeconds(20);

  private static Failure left() {
    return new Failure(
        ExitCode.REFUSED,
        "the command has left its cgroup, and with it the policy: what it did there was not tried",
        "try it without what moves it, such as systemd-run, su, or a service manager");
  }

  private final EngineLock lock;
  private final Path work = FOLDER.resolve("work");
  private final EngineConfig config;
  private final PrintWriter out;
  private final PrintWriter err;
  private Engine engine;
  private TrialCgroup cgroup;
  private boolean ended;

  private Trial(EngineLock lock, PrintWriter out, PrintWriter err) {
    this.lock = lock;
    this.out = out;
    this.err = err;
    EngineConfig usual = EngineConfig.DEFAULT;
    config =
        usual.at(
            work.resolve("state"),
            usual.cacheDirectory(),
            work.resolve("admin.sock"),
            usual.pins().resolveSibling(NAME));
  }

  /**
   * Begins one; {@link #close} ends it.
   *
   * @throws Failure if another is going on
   */
  static Trial open(PrintWriter out, PrintWriter err) throws IOException {
    Files.createDirectories(
        FOLDER, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    EngineLock lock = EngineLock.tryTake(FOLDER);
    if (lock == null) {
      throw new Failure(ExitCode.REFUSED, "another trial goes on on this host", "wait for its end");
    }
    Trial trial = new Trial(lock, out, err);
    // Without it, whoever ends the program with Ctrl-C leaves the policy in force.
    Runtime.getRuntime().addShutdownHook(new Thread(trial::close, "try-end"));
    return trial;
  }

  /**
   * Runs the command, and says what was refused.
   *
   * @return the exit code
   */
  int run(PolicySource source, ParsedPolicy parsed, List<String> command, int seconds)
      throws IOException, InterruptedException {
    Policy policy = parsed.policy();
    String place = place(policy);
    Refusals refusals = new Refusals(policy.name(), Refusals.advises(source, parsed));
    try (Cgroups cgroups = new Cgroups()) {
      begin(cgroups.root(), place);
      try (DecisionLog.Subscription decisions =
          engine.decisions().subscribe(Refusals.of(place), 1 << 16, 0)) {
        // Before it enforces: a policy that refuses what it takes to start a command refuses that
        // in the command's own name then, and not to who starts it.
        Process process = cgroup.start(command);
        // It is confined to the command, and may refuse it all that it needs: that is to be seen.
        String accept = "--accept-lockout=" + policy.name();
        interdict(policy, "policy", "apply", accept, confined(source, place).toString());
        interdict(policy, "mode", "set", "enforce", accept, policy.name());
        out.println("$ " + Text.line(String.join(" ", command)));
        out.flush();
        cgroup.release();
        boolean left = true;
        try {
          left = attempt(process, seconds, decisions, refusals);
          missed(policy, refusals);
        } finally { // what was refused was, also where the rest could not be tried
          refusals.take(decisions, QUIET, MOST);
          if (!left || !refusals.isEmpty()) {
            refusals.print(out);
          }
          out.flush();
        }
        if (left) {
          throw left();
        }
      }
    }
    return refusals.isEmpty() ? ExitCode.OK : ExitCode.NO;
  }

  /**
   * Lets the command run to its end, or ends it.
   *
   * @return whether it, or what it has started, was seen in another cgroup
   */
  private boolean attempt(
      Process process, int seconds, DecisionLog.Subscription decisions, Refusals refusals)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    long limit = Duration.ofSeconds(seconds).toNanos();
    boolean left = false;
    while (process.isAlive() && System.nanoTime() - begun < limit) {
      left |= cgroup.isLeftBy(process);
      refusals.take(decisions, STEP, STEP);
    }
    if (process.isAlive()) {
      out.println("  (ended after " + seconds + " s)");
      left |= cgroup.isLeftBy(process);
    }
    boolean empty = cgroup.empty(); // also what it has left in the background
    if (process.waitFor(MOST.toMillis(), TimeUnit.MILLISECONDS)) {
      out.println("  (exit " + process.exitValue() + ")");
      return left;
    }
    process.destroyForcibly();
    out.println(
        "  (it did not end when it was killed" + (empty ? ")" : ": it waits in the kernel)"));
    return left || empty;
  }

  /** The engine is the trial's alone, and so are its counters. */
  private void missed(Policy policy, Refusals refusals) {
    var asked = new dev.interdict.cli.Engine();
    asked.socket = config.socket();
    PolicyCounters counters =
        asked
            .ask(
                PolicyServiceGrpc::newBlockingStub,
                service -> service.listPolicies(ListPoliciesRequest.getDefaultInstance()))
            .getPoliciesList()
            .stream()
            .filter(one -> one.getName().equals(policy.name()))
            .findFirst()
            .map(PolicyInfo::getCounters)
            .orElse(PolicyCounters.getDefaultInstance());
    refusals.missed(
        asked
            .ask(
                NodeServiceGrpc::newBlockingStub,
                node -> node.getStatus(GetStatusRequest.getDefaultInstance()))
            .getHooksList(),
        counters);
  }

  /** Where the policy covers the command. */
  private static String place(Policy policy) {
    List<String> cgroups = policy.scope().cgroups();
    return (cgroups.isEmpty() || cgroups.getFirst().equals("/") ? "" : cgroups.getFirst())
        + "/"
        + NAME;
  }

  /**
   * The policy with the command's cgroup as its scope, in a folder of the trial: whatever it says,
   * the host is not to be kept from its work by it.
   */
  private Path confined(PolicySource source, String place) throws IOException {
    Path folder = work.resolve("policy");
    PolicySource confined = Confined.to(place, source);
    LocalPolicy.write(confined, folder);
    return confined.files().size() == 1 ? folder.resolve(confined.manifest()) : folder;
  }

  /** Not while it is being ended: what starts then would never end. */
  private synchronized void begin(Path root, String place)
      throws IOException, InterruptedException {
    if (ended) {
      throw new Failure(ExitCode.REFUSED, "ended", null);
    }
    clear();
    Files.createDirectories(work);
    cgroup = TrialCgroup.make(root, place);
    engine = Engine.start(config);
  }

  private void interdict(Policy policy, String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--socket", config.socket().toString()));
    StringWriter said = new StringWriter(); // its warnings have been printed, with their places
    int code =
        Main.commandLine()
            .setOut(out)
            .setErr(new PrintWriter(said))
            .execute(all.toArray(String[]::new));
    out.flush();
    if (code != ExitCode.OK) {
      err.print(said);
      err.flush();
      throw new Failure(code, "policy " + policy.name() + " could not be tried", null);
    }
  }

  private void clear() throws IOException {
    new Pins(config.pins()).uninstall();
    DemoStage.delete(work);
  }

  @Override
  public synchronized void close() {
    if (ended) {
      return;
    }
    ended = true;
    if (cgroup != null) {
      step(cgroup::kill); // first, as long as somebody answers what it waits for
    }
    if (engine != null) {
      step(engine::close);
    }
    step(this::clear);
    if (cgroup != null) {
      step(cgroup::close);
    }
    release();
  }

  /** One that fails keeps the others from nothing. */
  private interface Step {
    void run() throws IOException;
  }

  private void step(Step one) {
    try {
      one.run();
    } catch (IOException | RuntimeException e) {
      err.println("the trial has left something behind: " + Text.line(String.valueOf(e)));
      err.flush();
    }
  }

  private void release() {
    try {
      lock.close();
    } catch (IOException e) {
      // The end of the process gives it back.
    }
  }
}
