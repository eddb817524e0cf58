package dev.interdict.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.styra.opa.wasm.OpaPolicy;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.eval.Decision;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicyModule;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * One decision on a key that nobody has decided, from the decoded event to the Java value: ours
 * against OPA's Go engine with parsed input, and against the Java SDK for OPA's WebAssembly with a
 * JSON text that lies ready. Same policies, same events; no time counts before the decisions are
 * equal. Processor time, because the machine may be busy.
 */
public final class DecisionBench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 11;
  private static final int EVENTS = 64;

  private record Case(String name, String rego, String data, int repeat) {}

  private static final List<Case> CASES =
      List.of(
          new Case(
              "path in a set of two",
              "deny contains \"shadow\" if input.file.path in {\"/etc/shadow\", \"/etc/gshadow\"}",
              "{}",
              400),
          new Case(
              "credential store",
              """
              deny contains reason if {
                input.file.path in {"/etc/shadow", "/etc/gshadow", "/root/.ssh/id_rsa"}
                not trusted
                reason := sprintf("%s may not read the credential store", [input.process.exe.path])
              }
              trusted if input.process.exe.path in data.trusted
              trusted if {
                input.process.uid == 0
                startswith(input.process.exe.path, "/usr/lib/systemd/")
              }
              deny contains "writes below /usr" if {
                "write" in input.access
                startswith(input.file.path, "/usr/")
                not input.process.uid == 0
              }
              warn contains "world-writable" if input.file.mode == "0777"
              """,
              "{\"trusted\": [\"/usr/bin/passwd\", \"/usr/sbin/sshd\", \"/usr/bin/su\"]}",
              150),
          new Case("fifty rules", fiftyRules(), "{}", 20));

  private DecisionBench() {}

  private static String fiftyRules() {
    StringBuilder rules = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      rules
          .append("deny contains \"rule ")
          .append(i)
          .append("\" if {\n  input.file.path == \"/srv/secret/")
          .append(i)
          .append("\"\n  input.process.uid != ")
          .append(i)
          .append("\n}\n");
    }
    return rules.toString();
  }

  private static List<Event> events() {
    String[] paths = {
      "/etc/shadow", "/etc/passwd", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/home/u/.bashrc",
      "/srv/secret/7", "/var/log/syslog", "/usr/share/zoneinfo/Europe/Berlin", "/root/.ssh/id_rsa"
    };
    String[] programs = {
      "/usr/bin/cat", "/usr/sbin/nginx", "/usr/bin/passwd", "/usr/bin/python3.11"
    };
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < EVENTS; i++) {
      Event.FileEvent e =
          Events.open(programs[i / 8 % programs.length], i % 3 * 500, paths[i % paths.length]);
      int access = i % 5 == 0 ? Access.WRITE.bit() : Access.READ.bit();
      events.add(
          new Event.FileEvent(
              Events.head(Hook.FILE_OPEN, access, 0),
              e.subject(),
              e.path(),
              e.names(),
              e.device(),
              e.inode(),
              e.generation(),
              e.uid(),
              e.gid(),
              e.mode()));
    }
    return events;
  }

  /** Runs all cases; the arguments are not read. */
  public static void main(String[] args) throws Exception {
    Path root = root();
    Path work = Files.createTempDirectory("interdict-bench");
    System.out.println("One decision, event to answer, " + EVENTS + " events; processor time");
    for (Case c : CASES) {
      run(c, root, work);
    }
    try (Stream<Path> files = Files.list(work)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(work);
  }

  private static void run(Case c, Path root, Path work) throws Exception {
    CompiledPolicy policy = RegoToWasm.compile("bench", c.rego, c.data);
    List<Event> events = events();
    List<byte[]> inputs = events.stream().map(e -> InputJson.write(e, HostNames.NONE)).toList();
    OpaPolicy sdk = OpaPolicy.builder().withPolicy(policy.wasm()).build();
    sdk.data(c.data);
    sdk.entrypoint(CompiledPolicy.ENTRYPOINT);
    List<String> texts = inputs.stream().map(i -> new String(i, UTF_8)).toList();
    try (Evaluator ours = PolicyModule.load(policy, null).newEvaluator(HostNames.NONE);
        OpaGo go = new OpaGo(root, work, c.rego, c.data, "bench", inputs)) {
      requireEqual(events, ours, texts, sdk, go.decisions());
      Ratio toSdk = new Ratio(c.name, "opa-java-wasm, evaluate(String)", "ours", ROUNDS);
      Ratio toGo = new Ratio(c.name, "OPA Go, prepared, parsed input", "ours", ROUNDS);
      for (int i = -ROUNDS; i < ROUNDS; i++) {
        // The first half warms up. The order turns from round to round.
        double a = i % 2 == 0 ? ours(ours, events, c.repeat) : 0;
        double b = sdk(sdk, texts, c.repeat);
        double g = go.ns(c.repeat) / (double) (c.repeat * EVENTS);
        a = i % 2 == 0 ? a : ours(ours, events, c.repeat);
        if (i >= 0) {
          toSdk.add(b, a);
          toGo.add(g, a);
        }
      }
      System.out.println(toGo);
      System.out.println(toSdk);
    }
  }

  private static double ours(Evaluator evaluator, List<Event> events, int rounds) throws Exception {
    int denied = 0;
    long start = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < rounds; i++) {
      for (Event event : events) {
        denied += evaluator.evaluate(event).deny().size();
      }
    }
    long ns = THREADS.getCurrentThreadCpuTime() - start;
    requireUsed(denied);
    return ns / (double) (rounds * events.size());
  }

  private static double sdk(OpaPolicy policy, List<String> inputs, int rounds) {
    int length = 0;
    long start = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < rounds; i++) {
      for (String input : inputs) {
        length += policy.evaluate(input).length();
      }
    }
    long ns = THREADS.getCurrentThreadCpuTime() - start;
    requireUsed(length);
    return ns / (double) (rounds * inputs.size());
  }

  /* So that no compiler can drop the work. */
  private static void requireUsed(int value) {
    if (value < 0) {
      throw new AssertionError("overflow");
    }
  }

  private static void requireEqual(
      List<Event> events, Evaluator ours, List<String> texts, OpaPolicy sdk, List<JsonNode> go)
      throws Exception {
    int spoken = 0;
    for (int i = 0; i < events.size(); i++) {
      Decision decision = ours.evaluate(events.get(i));
      JsonNode other = JSON.readTree(sdk.evaluate(texts.get(i))).get(0).get("result");
      for (String set : List.of("deny", "kill", "warn")) {
        List<String> said =
            set.equals("deny")
                ? decision.deny()
                : set.equals("kill") ? decision.kill() : decision.warn();
        if (!said.equals(strings(other.get(set))) || !said.equals(strings(go.get(i).get(set)))) {
          throw new IllegalStateException(
              "decisions differ on "
                  + texts.get(i)
                  + ": "
                  + decision
                  + ", "
                  + other
                  + ", "
                  + go.get(i));
        }
        spoken += said.size();
      }
    }
    if (spoken == 0) {
      throw new IllegalStateException("no event of this case is denied");
    }
  }

  private static List<String> strings(JsonNode array) {
    return array == null
        ? List.of()
        : StreamSupport.stream(array.spliterator(), false)
            .map(JsonNode::asString)
            .sorted()
            .toList();
  }

  private static Path root() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("policies/compiler/go.mod"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IOException("run this inside the project");
      }
    }
    return folder;
  }
}
