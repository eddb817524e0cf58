package dev.interdict.cli;

import dev.interdict.cli.DemoStage.Attempt;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The main job, shown and checked: policies in audit, what they would refuse, one switch, and the
 * very first forbidden attempt refused by the kernel; the same for a program, a connection and a
 * packet. What a line promises is checked, and {@link #run} says whether all of it was true.
 */
final class Demo {
  static final List<String> POLICIES =
      List.of("demo-files", "demo-exec", "demo-connect", "demo-packets");
  private static final Duration TOLD = Duration.ofSeconds(10);

  private final DemoStage stage;
  private final Path socket;
  private final DecisionLog.Subscription decisions;
  private final PrintWriter out;
  private final Style style;
  private final List<String> broken = new ArrayList<>();

  Demo(DemoStage stage, Path socket, DecisionLog log, PrintWriter out, Style style) {
    this.stage = stage;
    this.socket = socket;
    this.decisions = log.subscribe(dev.interdict.decisions.DecisionFilter.ALL, 1024, 0);
    this.out = out;
    this.style = style;
  }

  /**
   * Tells the whole story.
   *
   * @return the promises that were not kept; empty if all were
   */
  List<String> run() throws IOException, InterruptedException {
    title("Four policies. The host is in audit: they are asked, and refuse nothing");
    interdict("mode", "set", "audit");
    for (String policy : POLICIES) {
      interdict("policy", "apply", source(policy).toString());
    }
    title("What they would refuse");
    works("cat " + DemoStage.FOLDER + "/secrets/token", Outcome.WOULD_DENY);
    works(DemoStage.FOLDER + "/bin/miner 0", Outcome.WOULD_DENY);
    works(stage.connect(DemoStage.FORBIDDEN_HOST), Outcome.WOULD_DENY);

    title("One switch");
    interdict("mode", "set", "enforce");
    title(
        "The very first attempt: nobody has opened this file, run this program or asked this"
            + " before");
    fails("cat " + DemoStage.FOLDER + "/secrets/never-seen");
    fails(DemoStage.FOLDER + "/bin/miner-2 0");
    fails("/lib64/ld-linux-x86-64.so.2 " + DemoStage.FOLDER + "/bin/miner-2 0");
    fails(stage.connect(DemoStage.FORBIDDEN_HOST));
    packets();
    title("What the policies allow still works, on its first attempt too");
    works("cat " + DemoStage.FOLDER + "/notes", null);
    works(DemoStage.FOLDER + "/bin/vault " + DemoStage.FOLDER + "/secrets/key", null);
    works(DemoStage.FOLDER + "/bin/tool 0", null);
    works(stage.connect(DemoStage.ALLOWED_HOST), null);

    title("And back");
    interdict("mode", "set", "audit");
    works("cat " + DemoStage.FOLDER + "/secrets/never-seen", Outcome.WOULD_DENY);
    title("What it cost");
    interdict("status");
    return broken;
  }

  private void title(String text) {
    out.println();
    out.println(style.bold("── " + text));
    out.flush();
  }

  /** Runs a command of this program as an operator would, with its output. */
  private void interdict(String... words) {
    out.println(style.bold("# interdict " + String.join(" ", words)));
    List<String> all = new ArrayList<>(List.of(words));
    all.add("--socket");
    all.add(socket.toString());
    int code = Main.commandLine().setOut(out).setErr(out).execute(all.toArray(String[]::new));
    out.flush();
    promise(code == 0, String.join(" ", words) + " exits with 0, not " + code);
  }

  private static Path source(String policy) throws IOException {
    Path folder = Files.createDirectories(DemoStage.FOLDER.resolve("policies").resolve(policy));
    Files.write(folder.resolve("policy.yaml"), yaml(policy));
    return folder;
  }

  /** The text of one of {@link #POLICIES}. */
  static byte[] yaml(String policy) throws IOException {
    try (InputStream in = Demo.class.getResourceAsStream("demo/" + policy + ".yaml")) {
      return in.readAllBytes();
    }
  }

  private void works(String command, Outcome told) throws IOException, InterruptedException {
    Attempt attempt = attempt(command);
    promise(attempt.worked(), command + " works");
    if (told != null) {
      tell(command, told);
    }
  }

  private void fails(String command) throws IOException, InterruptedException {
    Attempt attempt = attempt(command);
    promise(!attempt.worked(), command + " is refused");
    tell(command, Outcome.DENIED);
  }

  private Attempt attempt(String command) throws IOException, InterruptedException {
    forgetEarlier();
    out.println(style.bold("$ " + command));
    Attempt attempt = stage.attempt(command);
    out.println(
        attempt.output().isEmpty()
            ? "  (exit " + attempt.exit() + ")"
            : attempt.output().lines().map(line -> "  " + line).collect(Collectors.joining("\n")));
    out.flush();
    return attempt;
  }

  private void packets() throws IOException, InterruptedException {
    forgetEarlier();
    out.println(style.bold("$ from 10.66.6.2: three datagrams to port 6666, three to port 7777"));
    int forbidden = stage.packets(6666, 3);
    int allowed = stage.packets(7777, 3);
    out.printf(
        "  port 6666: %d arrived; port 7777: %d arrived (the first waited for its decision, as a"
            + " lost one)%n",
        forbidden, allowed);
    promise(forbidden == 0, "no datagram reaches port 6666, not even the first");
    promise(allowed > 0, "datagrams reach port 7777");
    tell("a datagram to port 6666", Outcome.DENIED);
  }

  private void forgetEarlier() throws InterruptedException {
    while (decisions.poll(Duration.ZERO) != null) {
      // Of an earlier attempt.
    }
  }

  private void tell(String what, Outcome outcome) throws InterruptedException {
    long end = System.nanoTime() + TOLD.toNanos();
    while (System.nanoTime() < end) {
      DecisionRecord record = decisions.poll(Duration.ofMillis(100));
      if (record != null && record.outcome() == outcome) {
        out.println("  " + line(record));
        out.flush();
        return;
      }
    }
    promise(false, what + " is told as " + outcome);
  }

  private String line(DecisionRecord record) {
    String reasons =
        record.findings().stream()
            .flatMap(
                finding -> finding.deny().stream().map(reason -> finding.policy() + ": " + reason))
            .collect(Collectors.joining("; "));
    String waited =
        record.latencyNs() < 0 ? "" : " (decided in %d us)".formatted(record.latencyNs() / 1000);
    return style.red(record.outcome().name().replace('_', '-')) + " " + Text.line(reasons) + waited;
  }

  private void promise(boolean kept, String promise) {
    if (!kept) {
      broken.add(promise);
      out.println(style.red("  NOT SO: ") + promise);
    }
  }
}
