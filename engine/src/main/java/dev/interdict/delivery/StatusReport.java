package dev.interdict.delivery;

import dev.interdict.delivery.SourceStatus.Failure;
import dev.interdict.policy.Diagnostic;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/** The body that OPA's status API expects; the names and forms of its fields are OPA's. */
final class StatusReport {
  /** Go's zero time: what OPA says of what has not happened. */
  private static final String NEVER = "0001-01-01T00:00:00Z";

  /** As many findings as one reads; the host's own log and {@code policy check} have them all. */
  private static final int MAX_ERRORS = 20;

  private StatusReport() {}

  static byte[] of(Map<String, String> labels, List<SourceStatus> sources) {
    Map<String, Object> bundles = new TreeMap<>();
    sources.forEach(source -> bundles.put(source.name(), bundle(source)));
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("labels", new TreeMap<>(labels));
    report.put("bundles", bundles);
    return JsonMapper.shared().writeValueAsBytes(report);
  }

  private static Map<String, Object> bundle(SourceStatus source) {
    Map<String, Object> bundle = new LinkedHashMap<>();
    bundle.put("name", source.name());
    if (!source.revision().isEmpty()) {
      bundle.put("active_revision", source.revision());
    }
    bundle.put("last_successful_activation", time(source.activated()));
    bundle.put("type", "snapshot");
    if (source.size() > 0) {
      bundle.put("size", source.size());
    }
    bundle.put("last_successful_download", time(source.downloaded()));
    bundle.put("last_successful_request", time(source.answered()));
    bundle.put("last_request", time(source.asked()));
    Failure error = source.error();
    if (error != null) {
      bundle.put("code", "bundle_error");
      bundle.put("message", error.message());
      if (error.httpCode() != 0) {
        bundle.put("http_code", error.httpCode());
      }
      if (!error.diagnostics().isEmpty()) {
        bundle.put(
            "errors",
            error.diagnostics().stream().limit(MAX_ERRORS).map(StatusReport::error).toList());
      }
    }
    return bundle;
  }

  private static Map<String, Object> error(Diagnostic found) {
    return Map.of(
        "code",
        found.code(),
        "message",
        found.message(),
        "location",
        Map.of("file", found.file(), "row", found.line(), "col", found.column()));
  }

  private static String time(Instant instant) {
    return instant == null ? NEVER : instant.toString();
  }
}
