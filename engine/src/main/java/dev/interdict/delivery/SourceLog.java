package dev.interdict.delivery;

import dev.interdict.control.BundleControl.Delivered;
import dev.interdict.delivery.SourceStatus.Failure;
import java.time.Instant;

/**
 * What has happened at one source since the engine's start. Written by its loop, read by anybody.
 */
final class SourceLog {
  private String signedBy;
  private int size;
  private Instant activated;
  private Instant downloaded;
  private Instant answered;
  private Instant asked;
  private Failure error;

  synchronized void asked(Instant now) {
    asked = now;
  }

  synchronized void unchanged(Instant now) {
    answered = now;
  }

  synchronized void downloaded(Instant now, int bytes) {
    answered = now;
    downloaded = now;
    size = bytes;
  }

  /** In force, now or already before. */
  synchronized void activated(Instant now, String key) {
    activated = now;
    signedBy = key;
  }

  /**
   * The outcome of an attempt.
   *
   * @param failure null: it went well
   * @return whether that is news
   */
  synchronized boolean outcome(Failure failure) {
    boolean news = failure == null ? error != null : !failure.equals(error);
    error = failure;
    return news;
  }

  /**
   * As operators see it.
   *
   * @param inForce null: nothing of this source is
   */
  synchronized SourceStatus status(DeliveryConfig.Source source, Delivered inForce) {
    return new SourceStatus(
        source.name(),
        source.location().toString(),
        trust(source),
        inForce == null ? "" : inForce.mark().revision(),
        inForce == null ? -1 : inForce.mark().serial(),
        inForce == null ? 0 : inForce.policies(),
        size,
        activated != null ? activated : inForce == null ? null : inForce.mark().activated(),
        downloaded,
        answered,
        asked,
        error);
  }

  private String trust(DeliveryConfig.Source source) {
    if (!source.trust().required()) {
      return "not verified: no key is configured";
    }
    return signedBy == null ? "must be signed; nothing verified yet" : "signed by " + signedBy;
  }
}
