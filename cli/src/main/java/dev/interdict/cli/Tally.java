package dev.interdict.cli;

import dev.interdict.v1.Decision;
import dev.interdict.v1.Outcome;
import dev.interdict.v1.PolicyFinding;
import dev.interdict.v1.Subject;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How often what was refused, or would have been, by what it has in common. Safe for use by many
 * threads.
 */
final class Tally {
  /** Names are anybody's choice: of each group the rarer half goes when there are so many. */
  static final int MOST = 4096;

  /** What decisions have in common. */
  enum Group {
    POLICY,
    PROGRAM,
    OBJECT,
    UNIT;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One of a group.
   *
   * @param denied decisions that refused
   * @param wouldDeny decisions that would have, in audit
   */
  record Line(String name, long denied, long wouldDeny) {
    private Line plus(Line other) {
      return new Line(name, denied + other.denied, wouldDeny + other.wouldDeny);
    }

    private long all() {
      return denied + wouldDeny;
    }
  }

  /** The most frequent first; by name where they are equally frequent. */
  private static final Comparator<Line> ORDER =
      Comparator.comparingLong(Line::all).reversed().thenComparing(Line::name);

  private final Map<Group, Map<String, Line>> lines = new EnumMap<>(Group.class);
  private long records;
  private long lost;

  Tally() {
    for (Group group : Group.values()) {
      lines.put(group, new HashMap<>());
    }
  }

  synchronized void lost(long count) {
    lost += count;
  }

  synchronized void add(Decision decision) {
    records++;
    boolean denied = decision.getOutcome() == Outcome.OUTCOME_DENIED;
    for (PolicyFinding finding : decision.getFindingsList()) {
      if (finding.getDenyCount() + finding.getKillCount() > 0) {
        // Of two that object one may be in audit.
        add(Group.POLICY, finding.getPolicy(), denied && finding.getEnforced());
      }
    }
    add(Group.OBJECT, decision.getHook() + " " + known(decision.getObject()), denied);
    if (decision.hasSubject()) {
      add(Group.PROGRAM, known(decision.getSubject().getExe()), denied);
      add(Group.UNIT, unit(decision.getSubject()), denied);
    }
  }

  /** Decisions so far. */
  synchronized long records() {
    return records;
  }

  /** Decisions that came too fast. */
  synchronized long lost() {
    return lost;
  }

  /** The most frequent ones of a group, and at most so many. */
  synchronized List<Line> most(Group group, int rows) {
    return lines.get(group).values().stream().sorted(ORDER).limit(rows).toList();
  }

  private void add(Group group, String name, boolean denied) {
    Map<String, Line> known = lines.get(group);
    known.merge(name, new Line(name, denied ? 1 : 0, denied ? 0 : 1), Line::plus);
    if (known.size() > MOST) {
      known.values().stream().sorted(ORDER).skip(MOST / 2).toList().stream()
          .map(Line::name)
          .filter(rare -> !rare.equals(name)) // else who is new would never stay
          .forEach(known::remove);
    }
  }

  private static String unit(Subject subject) {
    if (subject.hasContainer() && !subject.getContainer().getName().isEmpty()) {
      return "container " + subject.getContainer().getName();
    }
    return known(subject.getUnit().isEmpty() ? subject.getCgroup() : subject.getUnit());
  }

  private static String known(String name) {
    return name.isEmpty() ? "?" : name;
  }
}
