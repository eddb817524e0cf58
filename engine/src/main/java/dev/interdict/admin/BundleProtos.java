package dev.interdict.admin;

import com.google.protobuf.Timestamp;
import dev.interdict.delivery.SourceStatus;
import dev.interdict.v1.BundleStatus;
import java.time.Instant;
import java.util.function.Consumer;

/** Sources of bundles as messages. */
final class BundleProtos {
  private static final int MAX_DIAGNOSTICS = 20;

  private BundleProtos() {}

  static BundleStatus status(SourceStatus source) {
    BundleStatus.Builder status =
        BundleStatus.newBuilder()
            .setName(source.name())
            .setLocation(source.location())
            .setTrust(source.trust())
            .setRevision(source.revision())
            .setSerial(source.serial())
            .setPolicies(source.policies())
            .setSize(source.size());
    set(status::setActivated, source.activated());
    set(status::setDownloaded, source.downloaded());
    set(status::setAnswered, source.answered());
    set(status::setAsked, source.asked());
    if (source.error() != null) {
      status.setError(source.error().message());
      source.error().diagnostics().stream()
          .limit(MAX_DIAGNOSTICS)
          .map(Protos::diagnostic)
          .forEach(status::addDiagnostics);
    }
    return status.build();
  }

  private static void set(Consumer<Timestamp> field, Instant time) {
    if (time != null) {
      field.accept(Protos.timestamp(time));
    }
  }
}
