package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns;
import dev.interdict.compile.Concerns.Concern;
import dev.interdict.compile.Concerns.Operator;
import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.EventFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tries a policy before it is in force: that it can be translated whole, and that it answers within
 * its limits, about ordinary events, about events that meet nothing, also with paths as long as
 * they can be, and about events with what its rules look for. A policy that does not would leave
 * every such event to its fallback. Safe for use by many threads.
 */
public final class PolicyTrial {
  private static final EventFile ORDINARY = new EventFile(PolicyTrial.class, "ordinary.yaml");

  private static final String CHEAPER =
      ". Compare facts with lists and data instead of computing from them, or split the policy";

  /** Of one condition; more of its kind cost the same. */
  private static final int VALUES_MAX = 4;

  /** Events of one trial. */
  private static final int EVENTS_MAX = 128;

  /** Where paths begin that patterns look into, and a rest as long as one may be. */
  private static final List<String> BEGINNINGS =
      List.of("/home/user/", "/root/.", "/etc/", "/usr/lib/", "/opt/", "/var/lib/", "/tmp/");

  private static final String LONG = "a/".repeat(2000) + "b";

  /*
   * Code that has never run is slow, and is what the JVM makes of it some runs later; a virtual
   * machine that shares its processors counts what others use of them as its own. One answer in
   * time shows that the policy can.
   */
  public static final int ATTEMPTS = 12;

  private static final long WARM_UP_NS = 5_000_000_000L;

  /** Of what is tried: who has passed less may not pass this. */
  static final String VERSION = version();

  private PolicyTrial() {}

  private static String version() {
    MessageDigest digest = ClassCache.newSha256();
    for (String part : List.of("PolicyTrial.class", "ordinary.yaml")) {
      try (InputStream bytes = PolicyTrial.class.getResourceAsStream(part)) {
        digest.update(bytes.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException("the build left out " + part, e);
      }
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  /**
   * What is wrong; empty: nothing.
   *
   * @param hooks where the policy is asked
   * @param classCache as for {@link PolicyModule#load}, if it can be used; what is translated here
   *     is found there
   * @throws IOException if the policy cannot be loaded
   */
  public static List<String> problems(
      CompiledPolicy policy, Set<Hook> hooks, Path classCache, Limits limits) throws IOException {
    return problems(policy, hooks, new PolicyModules(classCache, limits));
  }

  /**
   * What is wrong; empty: nothing.
   *
   * @param hooks where the policy is asked
   * @param modules what is loaded here is found there
   * @throws IOException if the policy cannot be loaded
   */
  public static List<String> problems(CompiledPolicy policy, Set<Hook> hooks, PolicyModules modules)
      throws IOException {
    PolicyModule module;
    try {
      module = modules.load(policy);
    } catch (InvalidModuleException e) {
      return List.of(e.getMessage());
    }
    if (modules.isTried(policy, hooks)) {
      return List.of();
    }
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      List<String> silent = silence(evaluator, hooks);
      if (!silent.isEmpty()) {
        return silent;
      }
      for (Map<String, Object> event : events(policy.concerns(), hooks)) {
        EvaluationException failure = attempt(evaluator, json(event), ATTEMPTS);
        if (failure != null && failure.isOfLimits()) {
          return List.of(
              failure.getMessage()
                  + ", for an event with "
                  + new String(json(event), UTF_8).replace(LONG, "... (4 KiB)")
                  + "; its fallback would answer all such events"
                  + CHEAPER);
        }
      }
    }
    modules.tried(policy, hooks);
    return List.of();
  }

  /**
   * Runs a policy that was tried by another process until it answers within its limits what the
   * trial asks: as long as its code is new it may not, however often others have found that it can.
   * Whatever is not warm after some seconds is left.
   */
  public static void warmUp(PolicyModule module, Set<Hook> hooks) {
    long start = System.nanoTime();
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      for (Map<String, Object> event : events(module.concerns(), hooks)) {
        byte[] input = json(event);
        untilItAnswers(
            () -> attempt(evaluator, input, 1), () -> System.nanoTime() - start < WARM_UP_NS);
      }
    }
  }

  /** At least once, and not again where it is not for want of time or memory that it fails. */
  public static void untilItAnswers(Supplier<EvaluationException> attempt, BooleanSupplier again) {
    for (boolean more = true; more; ) {
      EvaluationException failure = attempt.get();
      more = failure != null && failure.isOfLimits() && again.getAsBoolean();
    }
  }

  private static byte[] json(Map<String, Object> event) {
    return JsonMapper.shared().writeValueAsBytes(event);
  }

  /** Where the policy has no answer to what happens all the time, and all facts are there. */
  private static List<String> silence(Evaluator evaluator, Set<Hook> hooks) {
    List<String> silent = new ArrayList<>();
    for (Cases.Case event : ORDINARY.of(hooks)) {
      EvaluationException failure = attempt(evaluator, event.inputJson(), ATTEMPTS);
      if (failure != null) {
        silent.add(
            "gives no decision at %s, for instance when %s (%s): its fallback would answer for it"
                    .formatted(event.hook().id(), event.name(), failure.getMessage())
                + (failure.isOfLimits() ? CHEAPER : ""));
      }
    }
    return silent;
  }

  /** Why it has no answer, however often it is asked; null if it has one. */
  private static EvaluationException attempt(Evaluator evaluator, byte[] input, int attempts) {
    EvaluationException last = null;
    for (int i = 0; i < attempts; i++) {
      try {
        evaluator.evaluate(input);
        return null;
      } catch (EvaluationException e) {
        last = e;
      }
    }
    return last;
  }

  private static List<Map<String, Object>> events(Concerns concerns, Set<Hook> hooks) {
    List<Map<String, Object>> events = new ArrayList<>();
    for (Hook hook : hooks) {
      events.add(event(hook, null, null));
      if (hook.isFile()) {
        BEGINNINGS.forEach(start -> events.add(event(hook, "file.path", start + LONG)));
      }
      if (hook.isPeer()) {
        events.add(event(hook, "peer.exe.path", "/usr/lib/" + LONG));
      }
      if (hook != Hook.XDP_INGRESS) {
        events.add(event(hook, "process.exe.path", "/usr/lib/" + LONG));
        events.add(event(hook, Readings.CGROUP, "/user.slice/" + LONG)); // he has one of his own
      }
      for (Concern concern : concerns.any() == null ? List.<Concern>of() : concerns.any()) {
        int step = Math.max(1, concern.values().size() / VALUES_MAX);
        for (int i = 0; i < concern.values().size(); i += step) {
          Object value = concern.values().get(i);
          boolean list = concern.operator() == Operator.CONTAINS;
          events.add(event(hook, concern.field(), list ? List.of(value) : value));
        }
      }
    }
    return events.subList(0, Math.min(events.size(), EVENTS_MAX));
  }

  private static Map<String, Object> event(Hook hook, String field, Object value) {
    Map<String, Object> event = new LinkedHashMap<>();
    put(event, "hook", hook.id());
    String unlike = "/srv/" + "a/".repeat(100) + "b";
    switch (hook) {
      case EXEC, MMAP_EXEC, FILE_OPEN, FILE_CHANGE, MODULE_LOAD, MOUNT ->
          put(event, "file.path", unlike);
      case SOCKET_CONNECT -> put(event, "socket.address", "192.0.2.1");
      case SOCKET_BIND, SOCKET_LISTEN, SOCKET_ACCEPT ->
          put(event, "socket.local.address", "192.0.2.1");
      case SOCKET_CREATE -> put(event, "socket.family", "inet");
      case USER_NAMESPACE -> put(event, "access", List.of("create"));
      case PTRACE, SIGNAL -> put(event, "peer.exe.path", unlike);
      case XDP_INGRESS -> put(event, "packet.source.address", "192.0.2.1");
    }
    if (hook != Hook.XDP_INGRESS) {
      put(event, "process.uid", 1000);
      put(event, "process.exe.path", unlike);
    }
    if (field != null) {
      put(event, field, value);
    }
    if (hook == Hook.MODULE_LOAD) {
      load(event, "module.name".equals(field));
    }
    return event;
  }

  /** Only a request has a name, and neither it nor what comes from memory has a file. */
  private static void load(Map<String, Object> event, boolean named) {
    List<?> access = event.get("access") instanceof List<?> words ? words : List.of("module");
    boolean request = named || access.contains("request");
    boolean memory = access.contains("memory");
    if (request || memory) {
      event.remove("file");
    }
    put(
        event,
        "access",
        request ? List.of("request") : memory ? List.of("module", "memory") : access);
  }

  @SuppressWarnings("unchecked") // the maps are those made here
  private static void put(Map<String, Object> event, String field, Object value) {
    Map<String, Object> map = event;
    String[] names = field.split("\\.", -1);
    for (int i = 0; i < names.length - 1; i++) {
      map = (Map<String, Object>) map.computeIfAbsent(names[i], n -> new LinkedHashMap<>());
    }
    map.put(names[names.length - 1], value);
  }
}
