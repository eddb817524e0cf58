package dev.interdict.recording;

import dev.interdict.eval.PolicySet;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Under which circumstances the tuples after it were recorded. Immutable.
 *
 * @param started when the recording was
 * @param engine the version of the engine
 * @param redacted facts that were left out, by their dotted paths
 * @param policies those in force
 * @param literals paths whose files were known under every name
 */
public record RecordedSet(
    Instant started,
    String engine,
    Set<String> redacted,
    List<Active> policies,
    Set<String> literals) {

  /**
   * One policy.
   *
   * @param digest of what it was compiled to
   * @param where it was asked
   */
  public record Active(String name, String digest, PolicySet.Where where) {}

  public RecordedSet {
    redacted = Collections.unmodifiableSet(new TreeSet<>(redacted));
    policies = List.copyOf(policies);
    literals = Set.copyOf(literals);
  }

  /** The policy of this name; null if there was none. */
  public Active policy(String name) {
    return policies.stream().filter(p -> p.name().equals(name)).findFirst().orElse(null);
  }
}
