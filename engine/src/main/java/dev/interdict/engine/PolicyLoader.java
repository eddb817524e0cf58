package dev.interdict.engine;

import dev.interdict.control.ActivePolicy;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.EnforcementException;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InvalidModuleException;
import dev.interdict.eval.Limits;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicySet;
import dev.interdict.policy.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes the evaluators' policy set of what control wants in force. A module that is loaded already
 * is used again: loading one takes up to seconds, changing modes must not. For one thread at a
 * time.
 */
final class PolicyLoader {
  private final Path classCache;
  private final HostNames names;
  private final WarmUp warmUp;
  private final Limits limits;
  private Map<String, PolicyModule> loaded = new HashMap<>();
  private PolicySet latest;

  PolicyLoader(Path classCache, HostNames names, WarmUp warmUp, Limits limits) {
    this.classCache = classCache;
    this.names = names;
    this.limits = limits;
    this.warmUp = warmUp;
    this.latest = PolicySet.builder(0, names).build();
  }

  /**
   * Loads and warms what is new. The same policies in the same slots give the same set, whatever
   * their modes.
   *
   * @throws EnforcementException if a module cannot be loaded
   */
  PolicySet load(ActiveSet set) {
    Map<String, PolicyModule> next = new HashMap<>();
    PolicySet.Builder builder = PolicySet.builder(set.generation(), names);
    for (ActivePolicy active : set.policies()) {
      String digest = active.compiled().digest();
      PolicyModule module = loaded.get(digest);
      if (module == null) {
        module = load(active);
      }
      next.put(digest, module);
      builder.add(active.slot(), module, active.compiled().literals());
      if (active.policy().fallback() == Policy.Fallback.DENY) {
        builder.refusing(active.slot());
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

  private PolicyModule load(ActivePolicy active) {
    try {
      PolicyModule module = PolicyModule.load(active.compiled(), classCache, limits);
      warmUp.run(module, active.policy().hooks());
      return module;
    } catch (IOException | InvalidModuleException e) {
      throw new EnforcementException("policy " + active.policy().name() + ": " + e.getMessage(), e);
    }
  }
}
