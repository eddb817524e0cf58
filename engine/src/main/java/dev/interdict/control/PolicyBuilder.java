package dev.interdict.control;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.policy.Policy;
import java.util.SortedMap;

/** Makes a policy of its folder: parses, checks and compiles. Safe for use by many threads. */
public interface PolicyBuilder {
  /**
   * Builds; touches nothing that is in force.
   *
   * @param sources bytes by path inside the folder
   * @param artefact the compiled policy of exactly these sources; null: compile
   * @throws InvalidPolicyException with every finding, if there is an error among them
   * @throws BuildException if building failed for a reason that is not in the sources
   */
  Built build(SortedMap<String, byte[]> sources, byte[] artefact);

  /**
   * What {@link #build} has made of these sources before, be it in another release: tried, but not
   * compiled. For what was in force and cannot be compiled at the moment.
   *
   * @param artefact of the engine's own; never what comes from a client
   * @throws InvalidPolicyException if it is of no use here
   * @throws BuildException if that cannot be found out
   */
  Built kept(SortedMap<String, byte[]> sources, byte[] artefact);

  /**
   * A policy, ready for use.
   *
   * @param artefact {@code compiled} as bytes, to be kept
   */
  record Built(Policy policy, CompiledPolicy compiled, byte[] artefact) {}
}
