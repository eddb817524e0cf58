package dev.interdict.control;

/**
 * What is on one side of a rollout as a whole.
 *
 * @param cgroup path below the root
 * @param percent the unit is on the candidate's side of every step above this, 0 to 100
 * @param populated whether tasks are in it, of which anything could be told
 */
public record Unit(String cgroup, double percent, boolean populated) {
  /** Whether a step of so many percent has it on the candidate's side. */
  public boolean isIn(int step) {
    return percent < step;
  }
}
