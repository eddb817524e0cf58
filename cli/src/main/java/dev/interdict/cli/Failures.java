package dev.interdict.cli;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.Status;
import dev.interdict.policy.Diagnostic;
import dev.interdict.v1.PolicyProblems;
import dev.interdict.v1.Severity;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The engine's refusals as failures of a command. */
final class Failures {
  private Failures() {}

  /**
   * This host did not let it be done.
   *
   * @param what has failed
   * @param otherwise what to do where being root would not help
   */
  static Failure byHost(String what, String reason, String otherwise) {
    return new Failure(
        ExitCode.REFUSED,
        what + ": " + Text.line(reason),
        reason.endsWith("permission denied") ? unlessRoot(otherwise) : otherwise);
  }

  /** Being root helps who is not; root is kept from it by something else, such as lockdown. */
  static String unlessRoot(String otherwise) {
    return "root".equals(System.getProperty("user.name")) ? otherwise : "run it as root";
  }

  static Failure unreachable(Path socket, String reason) {
    return new Failure(
        ExitCode.UNREACHABLE,
        "the engine cannot be reached at " + Text.word(socket.toString()) + ": " + reason,
        reason.toLowerCase(Locale.ROOT).contains("permission denied")
            ? "run it as root"
            : "start it with: interdict engine   (as root; --socket if it listens elsewhere)");
  }

  static Failure of(StatusRuntimeException thrown, Path socket) {
    String message = thrown.getStatus().getDescription();
    message = message == null ? thrown.getStatus().getCode().toString() : lines(message);
    return switch (thrown.getStatus().getCode()) {
      case UNAVAILABLE -> unreachable(socket, reason(thrown, message));
      case DEADLINE_EXCEEDED ->
          new Failure(
              ExitCode.TIMEOUT,
              "the engine did not answer in time",
              "give it longer with --timeout, or look at: interdict status");
      case NOT_FOUND -> new Failure(ExitCode.NO, message, whatThereIs(thrown));
      case UNIMPLEMENTED ->
          new Failure(
              ExitCode.REFUSED,
              "the engine does not know this command: it is of an earlier release",
              "see: interdict version, interdict status");
      case FAILED_PRECONDITION -> new Failure(ExitCode.REFUSED, refusal(thrown, message), null);
      case INVALID_ARGUMENT -> {
        List<Diagnostic> diagnostics = diagnostics(thrown);
        yield diagnostics.isEmpty()
            ? new Failure(ExitCode.USAGE, message, null)
            : new Failure(diagnostics);
      }
      default -> new Failure(ExitCode.REFUSED, message, null);
    };
  }

  private static String whatThereIs(StatusRuntimeException thrown) {
    ErrorInfo info = detail(thrown, ErrorInfo.class);
    return switch (info == null ? "" : info.getReason()) {
      case "NO_SUCH_DECISION" -> "see: interdict watch --last 20 --no-follow";
      case "NO_SUCH_CANDIDATE" -> "see: interdict candidate list";
      default -> "see: interdict policy list";
    };
  }

  private static List<Diagnostic> diagnostics(StatusRuntimeException thrown) {
    PolicyProblems problems = detail(thrown, PolicyProblems.class);
    if (problems == null) {
      return List.of();
    }
    List<Diagnostic> diagnostics = new ArrayList<>();
    for (dev.interdict.v1.Diagnostic found : problems.getDiagnosticsList()) {
      diagnostics.add(
          new Diagnostic(
              found.getSeverity() == Severity.SEVERITY_WARNING
                  ? Diagnostic.Severity.WARNING
                  : Diagnostic.Severity.ERROR,
              found.getFile(),
              found.getLine(),
              found.getColumn(),
              found.getCode(),
              found.getMessage()));
    }
    return diagnostics;
  }

  private static String lines(String message) {
    return message.lines().map(Text::line).collect(Collectors.joining("\n  "));
  }

  private static String reason(StatusRuntimeException thrown, String message) {
    Throwable cause = thrown.getCause();
    return cause == null || cause.getMessage() == null ? message : cause.getMessage();
  }

  private static String refusal(StatusRuntimeException thrown, String message) {
    PreconditionFailure failure = detail(thrown, PreconditionFailure.class);
    if (failure == null) {
      return message;
    }
    StringBuilder text = new StringBuilder("refused");
    failure
        .getViolationsList()
        .forEach(
            violation ->
                text.append("\n  ")
                    .append(Text.line(violation.getSubject()))
                    .append(": ")
                    .append(Text.line(violation.getDescription())));
    return text.toString();
  }

  private static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException thrown, Class<T> type) {
    Status status = StatusProto.fromThrowable(thrown);
    if (status == null) {
      return null;
    }
    try {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(type)) {
          return detail.unpack(type);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      return null; // an engine of another version: the message says enough
    }
    return null;
  }
}
