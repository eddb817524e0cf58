package dev.interdict.eval;

import java.util.List;
import java.util.stream.Stream;

/**
 * What one policy said about one event; independent of mode.
 *
 * @param deny reasons to refuse; empty: the policy does not object
 * @param kill reasons to refuse and to kill the process
 * @param warn reasons to record
 * @param label what the process is called from then on
 */
public record Decision(
    List<String> deny, List<String> kill, List<String> warn, List<String> label) {

  /** One that sets no label. */
  public Decision(List<String> deny, List<String> kill, List<String> warn) {
    this(deny, kill, warn, List.of());
  }

  /** No objection. */
  public static final Decision ALLOW = new Decision(List.of(), List.of(), List.of());

  /** A string without its characters, and its place in a list. */
  private static final int OBJECT_BYTES = 64;

  /** Whether the policy has nothing to say. */
  public boolean isSilent() {
    return deny.isEmpty() && kill.isEmpty() && warn.isEmpty() && label.isEmpty();
  }

  /** What this and {@code other} say together. */
  public Decision or(Decision other) {
    return other.isSilent()
        ? this
        : new Decision(
            both(deny, other.deny),
            both(kill, other.kill),
            both(warn, other.warn),
            both(label, other.label));
  }

  private static List<String> both(List<String> some, List<String> more) {
    return Stream.concat(some.stream(), more.stream()).distinct().toList();
  }

  /** About what it occupies, in bytes. */
  public long bytes() {
    return Stream.of(deny, kill, warn, label)
        .flatMap(List::stream)
        .mapToLong(Decision::bytes)
        .sum();
  }

  private static long bytes(String reason) {
    return OBJECT_BYTES + 2L * reason.length();
  }

  /** Whether the kernel shall refuse. */
  public boolean denies() {
    return !deny.isEmpty() || !kill.isEmpty();
  }
}
