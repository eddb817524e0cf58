package dev.interdict.control;

import dev.interdict.policy.Policy.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a change does to one policy, or to the host.
 *
 * @param policy its name; empty: the host
 * @param revision for kinds of policies and candidates: which; else 0
 * @param digest of the revision's sources; else empty
 * @param bundle the source that brought the revision; empty: by hand; for {@link Kind#ALLOW_OLDER}:
 *     of which an older bundle may come
 * @param mode for {@link Kind#MODE}; null: as policy.yaml says
 */
public record Change(
    Kind kind, String policy, long revision, String digest, String bundle, Mode mode) {

  /** All that a history needs must be there. */
  public Change {
    Objects.requireNonNull(kind);
    Objects.requireNonNull(policy);
    Objects.requireNonNull(bundle);
    if (!digest.isEmpty() && !digest.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("a digest is 64 hex digits: " + digest);
    }
  }

  /** What happens. */
  public enum Kind {
    APPLY,
    DELETE,
    MODE,
    RESET,
    ALLOW_OLDER,
    BREAK_GLASS,
    CANDIDATE,
    DROP_CANDIDATE,
    /** A candidate refuses in a larger share of the units; its end says how that went. */
    ROLLOUT;

    /** Whether the saved state shows that it was made; steps are told otherwise. */
    boolean isSaved() {
      return this != RESET && this != BREAK_GLASS;
    }
  }

  static Change ofMode(String policy, Mode mode) {
    return new Change(Kind.MODE, policy, 0, "", "", mode);
  }

  static Change allowOlder(String source) {
    return new Change(Kind.ALLOW_OLDER, "", 0, "", source, null);
  }

  static Change breakGlass() {
    return new Change(Kind.BREAK_GLASS, "", 0, "", "", null);
  }

  static Change reset(String policy) {
    return new Change(Kind.RESET, policy, 0, "", "", null);
  }

  static Change of(Kind kind, HeldPolicy held) {
    return new Change(kind, held.name(), held.revision(), held.digest(), held.bundle(), null);
  }

  /** What leads from one state to another; switches of modes are told when they happen. */
  static List<Change> between(HostState before, HostState after) {
    List<Change> changes = new ArrayList<>();
    for (Map.Entry<String, HeldPolicy> old : before.policies().entrySet()) {
      if (!after.policies().containsKey(old.getKey())) {
        changes.add(of(Kind.DELETE, old.getValue()));
      }
    }
    for (HeldPolicy held : after.policies().values()) {
      HeldPolicy old = before.policies().get(held.name());
      if (old == null || !of(Kind.APPLY, old).equals(of(Kind.APPLY, held))) {
        changes.add(of(Kind.APPLY, held));
      }
    }
    for (HeldPolicy old : before.candidates().values()) {
      HeldPolicy next = after.policies().get(old.name());
      boolean promoted = next != null && next.revision() == old.revision();
      if (!promoted && !after.candidates().containsKey(old.name())) {
        changes.add(of(Kind.DROP_CANDIDATE, old));
      }
    }
    for (HeldPolicy held : after.candidates().values()) {
      HeldPolicy old = before.candidates().get(held.name());
      if (old == null || old.revision() != held.revision()) {
        changes.add(of(Kind.CANDIDATE, held));
      }
    }
    return changes;
  }
}
