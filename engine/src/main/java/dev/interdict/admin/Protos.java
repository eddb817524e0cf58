package dev.interdict.admin;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.interdict.control.Change;
import dev.interdict.control.Check;
import dev.interdict.control.History;
import dev.interdict.control.Leases;
import dev.interdict.control.Pending;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyMode;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Snapshot.HookStatus;
import dev.interdict.event.Hook;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.v1.ApplyResult;
import dev.interdict.v1.ChangeKind;
import dev.interdict.v1.CheckResult;
import dev.interdict.v1.HistoryEntry;
import dev.interdict.v1.PendingChange;
import dev.interdict.v1.PolicyChange;
import dev.interdict.v1.PolicyCounters;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyProblems;
import dev.interdict.v1.Severity;
import dev.interdict.v1.SourceFile;
import dev.interdict.v1.ThreadStatus;
import dev.interdict.worker.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Values of control as messages, and back. No logic. */
final class Protos {
  private static final int MAX_SOURCES = 100;
  private static final int MAX_SOURCE_BYTES = 16 << 20;
  private static final int MAX_DIAGNOSTICS = 100;

  /** With 100 diagnostics the trailers stay below the client's limit. */
  private static final int MAX_DIAGNOSTIC_CHARS = 300;

  private Protos() {}

  static SortedMap<String, byte[]> sources(List<SourceFile> files) {
    SortedMap<String, byte[]> sources = new TreeMap<>();
    long bytes = 0;
    for (SourceFile file : files) {
      if (!file.getPath().matches("[^/\\p{Cntrl}]+(/[^/\\p{Cntrl}]+){0,15}")
          || List.of(file.getPath().split("/")).contains("..")) {
        throw new BadRequestException(
            "\"" + file.getPath() + "\" is not a path inside a policy's folder");
      }
      if (sources.put(file.getPath(), file.getContent().toByteArray()) != null) {
        throw new BadRequestException("two files are named \"" + file.getPath() + "\"");
      }
      bytes += file.getContent().size();
    }
    if (sources.isEmpty() || sources.size() > MAX_SOURCES || bytes > MAX_SOURCE_BYTES) {
      throw new BadRequestException(
          "%d files of %d bytes together; a policy has 1 to %d files and at most %d bytes"
              .formatted(sources.size(), bytes, MAX_SOURCES, MAX_SOURCE_BYTES));
    }
    return sources;
  }

  static List<SourceFile> sourceFiles(SortedMap<String, byte[]> sources) {
    return sources.entrySet().stream()
        .map(
            source ->
                SourceFile.newBuilder()
                    .setPath(source.getKey())
                    .setContent(ByteString.copyFrom(source.getValue()))
                    .build())
        .toList();
  }

  static ApplyResult result(PolicyControl.Result result) {
    return switch (result) {
      case CREATED -> ApplyResult.APPLY_RESULT_CREATED;
      case REPLACED -> ApplyResult.APPLY_RESULT_REPLACED;
      case UNCHANGED -> ApplyResult.APPLY_RESULT_UNCHANGED;
    };
  }

  static PolicyInfo policy(PolicyStatus status) {
    return PolicyInfo.newBuilder()
        .setName(status.name())
        .setDescription(status.description())
        .putAllLabels(status.labels())
        .addAllHooks(status.hooks().stream().map(Hook::id).sorted().toList())
        .setMode(policyMode(status.mode()))
        .setDigest(status.digest())
        .setRevision(status.revision())
        .setSlot(status.slot())
        .setApplied(timestamp(status.applied()))
        .setProblem(status.problem() == null ? "" : status.problem())
        .setBundle(status.bundle())
        .setCounters(
            PolicyCounters.newBuilder()
                .setDenied(status.counters().denied())
                .setWouldDeny(status.counters().wouldDeny())
                .setFallback(status.counters().fallback())
                .setTripped(status.counters().tripped())
                .setAlarms(status.counters().alarms()))
        .build();
  }

  static dev.interdict.v1.PolicyMode policyMode(PolicyMode mode) {
    return dev.interdict.v1.PolicyMode.newBuilder()
        .setPolicy(mode.policy())
        .setEffective(mode(mode.effective()))
        .setDeclared(mode(mode.declared()))
        .setOverride(mode(mode.override()))
        .setTripped(mode.tripped())
        .setAlarmed(mode.alarmed())
        .build();
  }

  /** Null is unspecified. */
  static dev.interdict.v1.Mode mode(Mode mode) {
    return switch (mode) {
      case null -> dev.interdict.v1.Mode.MODE_UNSPECIFIED;
      case AUDIT -> dev.interdict.v1.Mode.MODE_AUDIT;
      case ENFORCE -> dev.interdict.v1.Mode.MODE_ENFORCE;
    };
  }

  /** Unspecified is null. */
  static Mode mode(dev.interdict.v1.Mode mode) {
    return switch (mode) {
      case MODE_UNSPECIFIED -> null;
      case MODE_AUDIT -> Mode.AUDIT;
      case MODE_ENFORCE -> Mode.ENFORCE;
      case UNRECOGNIZED -> throw new BadRequestException("unknown mode");
    };
  }

  static Mode requiredMode(dev.interdict.v1.Mode mode) {
    Mode known = mode(mode);
    if (known == null) {
      throw new BadRequestException("the host's mode must be MODE_AUDIT or MODE_ENFORCE");
    }
    return known;
  }

  static dev.interdict.v1.Diagnostic diagnostic(Diagnostic diagnostic) {
    return dev.interdict.v1.Diagnostic.newBuilder()
        .setSeverity(
            switch (diagnostic.severity()) {
              case ERROR -> Severity.SEVERITY_ERROR;
              case WARNING -> Severity.SEVERITY_WARNING;
            })
        .setFile(diagnostic.file())
        .setLine(diagnostic.line())
        .setColumn(diagnostic.column())
        .setCode(diagnostic.code())
        .setMessage(cut(diagnostic.message()))
        .build();
  }

  static PolicyProblems problems(List<Diagnostic> diagnostics) {
    return PolicyProblems.newBuilder()
        .addAllDiagnostics(
            diagnostics.stream()
                .sorted(Comparator.comparing(Diagnostic::severity))
                .limit(MAX_DIAGNOSTICS)
                .map(Protos::diagnostic)
                .toList())
        .setOmitted(Math.max(0, diagnostics.size() - MAX_DIAGNOSTICS))
        .build();
  }

  static List<dev.interdict.v1.HookStatus> hooks(Map<Hook, HookStatus> hooks) {
    return hooks.entrySet().stream()
        .sorted(Comparator.comparing(hook -> hook.getKey().id()))
        .map(
            hook ->
                dev.interdict.v1.HookStatus.newBuilder()
                    .setHook(hook.getKey().id())
                    .setAttached(hook.getValue().attached())
                    .setDetail(hook.getValue().detail())
                    .putAllCounters(hook.getValue().counters())
                    .build())
        .toList();
  }

  static ThreadStatus thread(Worker.Health thread) {
    return ThreadStatus.newBuilder()
        .setName(thread.name())
        .setAlive(thread.alive())
        .setFailed(thread.failed())
        .setFailedInRow(thread.failedInRow())
        .setLastFailure(cut(thread.lastFailure()))
        .build();
  }

  static dev.interdict.v1.Check check(Check check) {
    return dev.interdict.v1.Check.newBuilder()
        .setName(check.name())
        .setResult(
            switch (check.result()) {
              case OK -> CheckResult.CHECK_RESULT_OK;
              case WARNING -> CheckResult.CHECK_RESULT_WARNING;
              case FAILED -> CheckResult.CHECK_RESULT_FAILED;
            })
        .setDetail(check.detail())
        .setRemedy(check.remedy())
        .build();
  }

  static HistoryEntry entry(History.Entry entry) {
    return HistoryEntry.newBuilder()
        .setId(entry.id())
        .setTime(timestamp(entry.time()))
        .setBy(entry.origin().by())
        .setWhy(entry.origin().why())
        .addAllChanges(entry.changes().stream().map(Protos::change).toList())
        .setOutcome(cut(entry.outcome()))
        .build();
  }

  static PendingChange pending(Pending pending) {
    return PendingChange.newBuilder()
        .setId(pending.id())
        .setChange(change(pending.what()))
        .setBy(pending.by().by())
        .setWhy(pending.by().why())
        .setUntil(timestamp(pending.end()))
        .build();
  }

  /** Says of a change that it waits for its confirmation, if it does. */
  static void pending(Pending pending, LongConsumer id, Consumer<Timestamp> until) {
    if (pending != null) {
      id.accept(pending.id());
      until.accept(timestamp(pending.end()));
    }
  }

  /** What the caller has compiled; null if he has not. */
  static byte[] compiled(ByteString bytes) {
    return bytes.isEmpty() ? null : bytes.toByteArray();
  }

  /** How long a change may wait for its confirmation; null: it stays without. */
  static Duration within(boolean given, com.google.protobuf.Duration time) {
    if (!given) {
      return null;
    }
    try {
      Duration within = Duration.ofSeconds(time.getSeconds(), time.getNanos());
      if (within.compareTo(Leases.SHORTEST) >= 0 && within.compareTo(Leases.LONGEST) <= 0) {
        return within;
      }
    } catch (ArithmeticException e) {
      // Much longer than that.
    }
    throw new BadRequestException("confirm_within must be from 1 s to 1 day");
  }

  private static PolicyChange change(Change change) {
    return PolicyChange.newBuilder()
        .setKind(
            switch (change.kind()) {
              case APPLY -> ChangeKind.CHANGE_KIND_APPLY;
              case DELETE -> ChangeKind.CHANGE_KIND_DELETE;
              case MODE -> ChangeKind.CHANGE_KIND_MODE;
              case RESET -> ChangeKind.CHANGE_KIND_RESET;
              case ALLOW_OLDER -> ChangeKind.CHANGE_KIND_ALLOW_OLDER;
              case BREAK_GLASS -> ChangeKind.CHANGE_KIND_BREAK_GLASS;
              case CANDIDATE -> ChangeKind.CHANGE_KIND_CANDIDATE;
              case DROP_CANDIDATE -> ChangeKind.CHANGE_KIND_DROP_CANDIDATE;
              case ROLLOUT -> ChangeKind.CHANGE_KIND_ROLLOUT;
            })
        .setPolicy(change.policy())
        .setRevision(change.revision())
        .setDigest(change.digest())
        .setBundle(change.bundle())
        .setMode(mode(change.mode()))
        .build();
  }

  static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  private static String cut(String text) {
    return text.length() <= MAX_DIAGNOSTIC_CHARS
        ? text
        : text.substring(0, MAX_DIAGNOSTIC_CHARS) + " ...";
  }
}
