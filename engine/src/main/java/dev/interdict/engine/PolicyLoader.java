package dev.interdict.engine;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.PolicyBuilder.Built;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyModules;
import dev.interdict.eval.PolicySet;
import dev.interdict.policy.Policy;
import dev.interdict.verdict.Labels;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Makes the evaluators' policy set of what control wants in force. A module that is loaded already
 * is used again: loading one takes up to seconds. {@link #holding} may be called by many threads,
 * {@link #load} by one at a time.
 */
final class PolicyLoader {
  private final HostNames names;
  private final WarmUp warmUp;
  private final PolicyModules modules;
  private final List<Map<String, PolicyModule>> held = new CopyOnWriteArrayList<>();
  private volatile Map<String, PolicyModule> loaded = Map.of();
  private volatile PolicySet latest;

  PolicyLoader(PolicyModules modules, HostNames names, WarmUp warmUp) {
    this.modules = modules;
    this.names = names;
    this.warmUp = warmUp;
    this.latest = PolicySet.builder(0, names).build();
  }

  /**
   * Loads and warms what is new of {@code policies}, and keeps it while {@code change} runs.
   *
   * @throws EnforcementException if a module cannot be loaded
   */
  <T> T holding(Collection<Built> policies, Supplier<T> change) {
    Map<String, PolicyModule> mine = new HashMap<>();
    for (Built built : policies) {
      mine.put(built.compiled().digest(), module(built.compiled(), built.policy()));
    }
    held.add(mine);
    try {
      return change.get();
    } finally {
      held.remove(mine); // or one that holds the same
    }
  }

  /** That of a policy; loaded and warmed, if it is not yet. */
  PolicyModule module(CompiledPolicy compiled, Policy policy) {
    String digest = compiled.digest();
    PolicyModule known = loaded.get(digest);
    for (Map<String, PolicyModule> some : held) {
      known = known == null ? some.get(digest) : known;
    }
    return known == null ? load(compiled, policy) : known;
  }

  /**
   * Loads and warms what is new. The same policies in the same slots give the same set, whatever
   * their modes.
   *
   * @param bits of labels, each of which has been given one
   * @throws EnforcementException if a module cannot be loaded
   */
  PolicySet load(ActiveSet set, ToLongFunction<Labels.Label> bits) {
    Map<String, PolicyModule> next = new HashMap<>();
    PolicySet.Builder builder = PolicySet.builder(set.generation(), names);
    for (ActivePolicy active : set.policies()) {
      String digest = active.compiled().digest();
      PolicyModule module = module(active.compiled(), active.policy());
      next.put(digest, module);
      builder.add(active.slot(), module, active.compiled().literals());
      Policy policy = active.policy();
      if (!active.compiled().labels().isEmpty()) {
        builder.labels(
            active.slot(), name -> bits.applyAsLong(new Labels.Label(policy.name(), name)));
      }
      builder.where(
          active.slot(),
          new PolicySet.Where(
              policy.hooks(), policy.scope(), policy.passesUnread(active.compiled().reads())));
      boolean isCandidate = active.term() == ActivePolicy.Term.CANDIDATE;
      if (active.policy().fallback() == Policy.Fallback.DENY && !isCandidate) {
        builder.refusing(active.slot());
      }
      if (active.term() == ActivePolicy.Term.AFTER_LEASE_ENDS) {
        builder.replaced(active.slot());
      }
      if (isCandidate) {
        builder.candidate(active.slot(), set.slotBeside(active));
      } else if (active.term() == ActivePolicy.Term.CANARY) {
        builder.canary(active.slot(), set.slotBeside(active));
      }
      if (active.policy().judgesUnknownPath()) {
        builder.judgingUnknown(active.slot());
      }
    }
    loaded = next;
    PolicySet fresh = builder.build();
    if (!fresh.decidesAs(latest)) {
      latest = fresh;
    }
    return latest;
  }

  /** The set last loaded. */
  PolicySet latest() {
    return latest;
  }

  private PolicyModule load(CompiledPolicy compiled, Policy policy) {
    try {
      PolicyModule module = modules.load(compiled);
      warmUp.run(module, policy.hooks());
      return module;
    } catch (IOException | InvalidModuleException e) {
      throw new EnforcementException("policy " + policy.name() + ": " + e.getMessage(), e);
    }
  }
}
