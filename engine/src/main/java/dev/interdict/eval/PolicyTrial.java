package dev.interdict.eval;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.Concerns.Concern;
import dev.interdict.compile.Concerns.Operator;
import dev.interdict.event.Hook;
import dev.interdict.policy.Cases;
import dev.interdict.policy.EventFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tries a policy before it is in force: that it can be translated whole, and that it answers within
 * its limits, about ordinary events, about events that meet nothing and about events with what its
 * rules look for. A policy that does not would leave every such event to its fallback. Safe for use
 * by many threads.
 */
public final class PolicyTrial {
  private static final EventFile ORDINARY = new EventFile(PolicyTrial.class, "ordinary.yaml");

  private static final String CHEAPER =
      ". Compare facts with lists and data instead of computing from them, or split the policy";

  /** Of one condition; more of its kind cost the same. */
  private static final int VALUES_MAX = 4;

  /** Events of one trial. */
  private static final int EVENTS_MAX = 64;

  /*
   * Code that has never run is slow, and is what the JVM makes of it some runs later; a virtual
   * machine that shares its processors counts what others use of them as its own. One answer in
   * time shows that the policy can.
   */
  private static final int ATTEMPTS = 4 * Evaluator.PATIENCE;

  private PolicyTrial() {}

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
    try (Trying trying = new Trying(module)) {
      List<String> silent = silence(trying, hooks);
      if (!silent.isEmpty()) {
        return silent;
      }
      for (Map<String, Object> event : events(policy, hooks)) {
        EvaluationException failure = trying.attempt(JsonMapper.shared().writeValueAsBytes(event));
        if (failure != null && isOfLimits(failure)) {
          return List.of(
              failure.getMessage()
                  + ", for an event with "
                  + JsonMapper.shared().writeValueAsString(event)
                  + "; its fallback would answer all such events"
                  + CHEAPER);
        }
      }
    }
    modules.tried(policy, hooks);
    return List.of();
  }

  /** Where the policy has no answer to what happens all the time, and all facts are there. */
  private static List<String> silence(Trying trying, Set<Hook> hooks) {
    List<String> silent = new ArrayList<>();
    for (Cases.Case event : ORDINARY.of(hooks)) {
      EvaluationException failure = trying.attempt(event.inputJson());
      if (failure != null) {
        silent.add(
            "gives no decision at %s, for instance when %s (%s): its fallback would answer for it"
                    .formatted(event.hook().id(), event.name(), failure.getMessage())
                + (isOfLimits(failure) ? CHEAPER : ""));
      }
    }
    return silent;
  }

  /** What an event's few facts cannot answer, one that has all its facts may. */
  private static boolean isOfLimits(EvaluationException failure) {
    return switch (failure.kind()) {
      case TIMEOUT, MEMORY -> true;
      case TRAP, RESULT, ABORT, RATE, NAMES, SUSPENDED -> false;
    };
  }

  /** Evaluators of the policy: one serves as long as it answers, since making it is what costs. */
  private static final class Trying implements AutoCloseable {
    private final PolicyModule module;
    private Evaluator evaluator;

    Trying(PolicyModule module) {
      this.module = module;
      evaluator = module.newEvaluator(HostNames.NONE);
    }

    /** Why it has no answer, however often it is asked; null if it has one. */
    EvaluationException attempt(byte[] input) {
      EvaluationException last = null;
      for (int i = 1; i <= ATTEMPTS; i++) {
        try {
          evaluator.evaluate(input);
          return null;
        } catch (EvaluationException e) {
          last = e;
        }
        if (i % Evaluator.PATIENCE == 0) { // it is left alone now
          evaluator.close();
          evaluator = module.newEvaluator(HostNames.NONE);
        }
      }
      return last;
    }

    @Override
    public void close() {
      evaluator.close();
    }
  }

  private static List<Map<String, Object>> events(CompiledPolicy policy, Set<Hook> hooks) {
    List<Map<String, Object>> events = new ArrayList<>();
    for (Hook hook : hooks) {
      events.add(event(hook, null, null));
      for (Concern concern :
          policy.concerns().any() == null ? List.<Concern>of() : policy.concerns().any()) {
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
      case EXEC, MMAP_EXEC, FILE_OPEN, FILE_CHANGE -> put(event, "file.path", unlike);
      case SOCKET_CONNECT -> put(event, "socket.address", "192.0.2.1");
      case XDP_INGRESS -> put(event, "packet.source.address", "192.0.2.1");
    }
    if (hook != Hook.XDP_INGRESS) {
      put(event, "process.uid", 1000);
      put(event, "process.exe.path", unlike);
    }
    if (field != null) {
      put(event, field, value);
    }
    return event;
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
