package dev.interdict.control;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What must be so that a rollout goes on: a figure of the engine's own that is at most a limit.
 *
 * <p>The limits are those of the whole rollout, counted from its start or, after a restart, from
 * the engine's; what was newly denied when it began is accepted, since whoever began it could see
 * it.
 */
public enum Gate {
  /** Keys that only the candidate denies, beyond those at the start. */
  NEWLY_DENIED_KEYS(0, true),
  /** Cgroups in which it does, beyond those at the start; too many to be told apart: no limit. */
  NEWLY_DENIED_UNITS(0, true),
  /** Those of the keys that a host needs to start, to be logged in to and to be put right. */
  PROTECTED_DENIALS(0, false),
  /** Attempts that the candidate's fallback answered. */
  FALLBACKS(0, true),
  /** Questions to which one of the pair gave no answer. */
  EVALUATION_FAILURES(0, true),
  /** Questions that came too fast for the policies of this host. */
  OVER_RATE(0, true),
  /** Budgets of the pair that are used up. */
  BUDGET_TRIPS(0, false);

  private final long limit;
  private final boolean settable;

  Gate(long limit, boolean settable) {
    this.limit = limit;
    this.settable = settable;
  }

  /** As operators write it. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The limit where an operator sets none. */
  public long limit() {
    return limit;
  }

  /** Whether an operator may set it. */
  public boolean settable() {
    return settable;
  }

  /** Whether its figure is made of records, not counted by the kernel itself. */
  boolean restsOnRecords() {
    return this != FALLBACKS && this != BUDGET_TRIPS;
  }

  /** The one that is written so. */
  public static Optional<Gate> of(String id) {
    return Arrays.stream(values()).filter(gate -> gate.id().equals(id)).findFirst();
  }

  /** How a gate stands. */
  public enum Outcome {
    /** The rollout may go on. */
    PASSED,
    /** Too little was judged to tell, for too short a time, or not all was seen. */
    INCONCLUSIVE,
    /** The figure cannot be had, or evaluations fail. */
    ERROR,
    /** The limit is passed. */
    FAILED
  }

  /**
   * One gate at one moment.
   *
   * @param measured -1: it could not be
   * @param detail a sentence
   */
  public record Result(Gate gate, Outcome outcome, long measured, long limit, String detail) {}
}
