package dev.interdict.eval;

import java.util.List;

/**
 * What one policy said about one event; independent of mode.
 *
 * @param deny reasons to refuse; empty: the policy does not object
 * @param kill reasons to refuse and to kill the process
 * @param warn reasons to record
 */
public record Decision(List<String> deny, List<String> kill, List<String> warn) {

  /** No objection. */
  public static final Decision ALLOW = new Decision(List.of(), List.of(), List.of());

  /** Whether the kernel shall refuse. */
  public boolean denies() {
    return !deny.isEmpty() || !kill.isEmpty();
  }
}
