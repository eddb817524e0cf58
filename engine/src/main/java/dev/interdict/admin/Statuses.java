package dev.interdict.admin;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.Status;
import dev.interdict.control.BuildException;
import dev.interdict.control.EnforcementException;
import dev.interdict.control.InvalidPolicyException;
import dev.interdict.control.NoSlotException;
import dev.interdict.control.NoSuchPolicyException;
import dev.interdict.control.RefusedException;
import dev.interdict.control.StoreException;
import dev.interdict.decisions.DecisionLog.TooManyWatchersException;
import dev.interdict.recording.RecordingException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.lang.System.Logger.Level;

/**
 * Exceptions as {@code google.rpc.Status}: a code, one sentence, {@code ErrorInfo} with a stable
 * reason.
 */
final class Statuses {
  private static final System.Logger LOG = System.getLogger(Statuses.class.getName());
  private static final String DOMAIN = "interdict.dev";

  /** The client's limit for all trailers is 64 KiB, and details travel in base 64. */
  private static final int MESSAGE_CHARS = 4096;

  private Statuses() {}

  /** What the caller is told about {@code thrown}. */
  static StatusRuntimeException of(Throwable thrown) {
    return StatusProto.toStatusRuntimeException(
        switch (thrown) {
          case InvalidPolicyException e ->
              status(
                  Code.INVALID_ARGUMENT,
                  "POLICY_INVALID",
                  e.getMessage(),
                  Protos.problems(e.diagnostics()));
          case RefusedException e ->
              status(Code.FAILED_PRECONDITION, "REFUSED", e.getMessage(), failure(e));
          case NoSuchPolicyException e ->
              status(
                  Code.NOT_FOUND,
                  e.isCandidate() ? "NO_SUCH_CANDIDATE" : "NO_SUCH_POLICY",
                  e.getMessage());
          case NotKeptException e -> status(Code.NOT_FOUND, "NO_SUCH_DECISION", e.getMessage());
          case RecordingException e ->
              status(Code.FAILED_PRECONDITION, "RECORDING", e.getMessage());
          case NoSlotException e -> status(Code.RESOURCE_EXHAUSTED, "NO_SLOT", e.getMessage());
          case TooManyWatchersException e ->
              status(Code.RESOURCE_EXHAUSTED, "TOO_MANY_WATCHERS", e.getMessage());
          case BadRequestException e ->
              status(Code.INVALID_ARGUMENT, "BAD_REQUEST", e.getMessage());
          case BuildException e -> status(Code.INTERNAL, "BUILD_FAILED", e.getMessage());
          case EnforcementException e ->
              status(Code.INTERNAL, "ENFORCEMENT_FAILED", e.getMessage());
          case StoreException e -> status(Code.INTERNAL, "STORE_FAILED", e.getMessage());
          default -> unexpected(thrown);
        });
  }

  /** The caller is not among the allowed users. */
  static StatusRuntimeException permissionDenied(String message) {
    return StatusProto.toStatusRuntimeException(
        status(Code.PERMISSION_DENIED, "PEER_NOT_ALLOWED", message));
  }

  /** Ends {@code call} before it has begun. */
  static void refuse(ServerCall<?, ?> call, StatusRuntimeException status) {
    Metadata trailers = status.getTrailers();
    call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
  }

  private static Status unexpected(Throwable thrown) {
    LOG.log(Level.ERROR, "an admin call failed unexpectedly", thrown);
    return status(
        Code.INTERNAL, "UNEXPECTED", "unexpected: " + thrown + "; the engine's log has the trace");
  }

  private static PreconditionFailure failure(RefusedException refused) {
    PreconditionFailure.Builder failure = PreconditionFailure.newBuilder();
    refused
        .objections()
        .forEach(
            objection ->
                failure
                    .addViolationsBuilder()
                    .setType("HOST")
                    .setSubject(objection.subject())
                    .setDescription(objection.reason() + "; " + objection.remedy()));
    return failure.build();
  }

  private static Status status(Code code, String reason, String message, Message... details) {
    Status.Builder status =
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(
                message.length() > MESSAGE_CHARS
                    ? message.substring(0, MESSAGE_CHARS) + " ..."
                    : message)
            .addDetails(
                Any.pack(ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN).build()));
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return status.build();
  }
}
