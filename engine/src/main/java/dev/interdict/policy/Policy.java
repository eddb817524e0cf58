package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.event.ReadSet;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@code policy.yaml} says, checked: one policy as an operator applies it. Immutable.
 *
 * @param name lower-case letters, digits and dashes; starts with a letter, at most 63
 * @param hooks where it is asked; not empty
 * @param scope where it applies
 * @param onMiss what the first event of a kind meets
 * @param fallback the answer when there is none in time
 * @param unparsedPass whether packets whose headers cannot be read, and sockets that may send
 *     elsewhere than to their address or are bound elsewhere, too, pass (default: they are refused)
 * @param judgesUnknownPath whether what has no path that can be told is judged without it (default:
 *     a policy that reads the path refuses it)
 * @param budget refused subjects per window after which the kernel itself stops enforcing it; null:
 *     none
 * @param rego Rego sources by file name, the lowered YAML rules among them; not empty
 * @param data the JSON document {@code data}, UTF-8; {@code {}} if the policy has none
 */
public record Policy(
    String name,
    String description,
    Map<String, String> labels,
    Set<Hook> hooks,
    Mode mode,
    Scope scope,
    OnMiss onMiss,
    Fallback fallback,
    boolean unparsedPass,
    boolean judgesUnknownPath,
    Budget budget,
    Map<String, String> rego,
    byte[] data) {

  /**
   * At which of its hooks what cannot be read passes unless its rules refuse it: it says so, or its
   * rules read nothing of what is missing there. At the others the kernel refuses it and does not
   * ask.
   */
  public Set<Hook> passesUnread(ReadSet reads) {
    Set<Hook> passes = EnumSet.copyOf(hooks);
    passes.removeIf(hook -> !unparsedPass && misses(hook, reads));
    return Set.copyOf(passes);
  }

  private boolean misses(Hook hook, ReadSet reads) {
    if (hook.isLocal()) {
      return reads.mayRead("socket.local.address") || reads.mayRead("socket.local.port");
    }
    return hook == Hook.XDP_INGRESS
        || (hook == Hook.SOCKET_CONNECT && reads.mayRead("socket.address"));
  }

  /** Whether a denial is carried out or only recorded. */
  public enum Mode {
    AUDIT,
    ENFORCE
  }

  /** What happens on a miss, in enforce mode. */
  public enum OnMiss {
    HOLD,
    ALLOW,
    DENY
  }

  /** The answer when holding ends without a decision. */
  public enum Fallback {
    ALLOW,
    DENY
  }

  /**
   * Where a policy applies.
   *
   * @param cgroups paths below the cgroup v2 root, each with all that is below it; empty: every
   *     cgroup
   * @param interfaces names of network interfaces for packet hooks; empty: none
   */
  public record Scope(List<String> cgroups, List<String> interfaces) {}

  /**
   * How many subjects it may refuse.
   *
   * @param subjects executables, of one unit at most four; sources of packets
   * @param window in which they are counted
   * @param settle how long after it began to enforce the kernel stops enforcing it; then it only
   *     raises an alarm. Null: always
   */
  public record Budget(long subjects, Duration window, Duration settle) {}
}
