package dev.interdict.control;

import java.util.List;

/**
 * One requirement of enforcement on this host.
 *
 * @param name such as {@code BPF LSM}
 * @param detail what was found
 * @param remedy what to do; empty if it holds
 */
public record Check(String name, Result result, String detail, String remedy) {

  /** Whether the requirement holds. */
  public enum Result {
    OK,
    /** Something works less well; the detail says what. */
    WARNING,
    /** Enforcement is not possible, wholly or in the part that the detail names. */
    FAILED
  }

  /** Looks at the host. */
  @FunctionalInterface
  public interface Doctor {
    /** Every requirement, in the order people should meet them. */
    List<Check> examine();
  }
}
