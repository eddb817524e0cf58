package dev.interdict.delivery;

import dev.interdict.policy.Diagnostic;
import java.time.Instant;
import java.util.List;

/**
 * A source of bundles as operators see it. Times are null for what has not happened since the
 * engine's start, but for {@code activated}, which is remembered.
 *
 * @param location a path or URL
 * @param trust whether and by which key what is in force was verified
 * @param revision of the bundle in force; empty: none is, or it has none
 * @param serial of it, or the lowest that is still taken; -1: any
 * @param policies how many it brought
 * @param size of the last download, in bytes
 * @param activated when the bundle in force came
 * @param downloaded when the last bundle was had, whether or not it could be used
 * @param answered when the source last answered, with something new or without
 * @param asked when it was last asked
 * @param error why the last attempt changed nothing; null: it did not fail
 */
public record SourceStatus(
    String name,
    String location,
    String trust,
    String revision,
    long serial,
    int policies,
    int size,
    Instant activated,
    Instant downloaded,
    Instant answered,
    Instant asked,
    Failure error) {

  /**
   * A failed attempt.
   *
   * @param httpCode what the server answered; 0: something else failed
   * @param diagnostics what is wrong with policies; may be empty
   */
  public record Failure(String message, int httpCode, List<Diagnostic> diagnostics) {}
}
