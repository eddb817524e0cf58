package dev.interdict.admin;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.interdict.control.Origin;
import dev.interdict.v1.AbortRolloutRequest;
import dev.interdict.v1.AdvanceRolloutRequest;
import dev.interdict.v1.AllowOlderRequest;
import dev.interdict.v1.ApplyCandidateRequest;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.ApplyPolicyResponse;
import dev.interdict.v1.CancelChangeRequest;
import dev.interdict.v1.ConfirmChangeRequest;
import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.DropBundleRequest;
import dev.interdict.v1.DropCandidateRequest;
import dev.interdict.v1.ExportRecordingRequest;
import dev.interdict.v1.Mode;
import dev.interdict.v1.PauseRolloutRequest;
import dev.interdict.v1.PromoteCandidateRequest;
import dev.interdict.v1.ResetBudgetRequest;
import dev.interdict.v1.ResumeRolloutRequest;
import dev.interdict.v1.RollbackPolicyRequest;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.StartRecordingRequest;
import dev.interdict.v1.StartRolloutRequest;
import dev.interdict.v1.StopRecordingRequest;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.unix.PeerCredentials;
import java.lang.System.Logger.Level;

/**
 * Writes into the engine's log who asked for which change, and what came of it: one line a call,
 * for those that failed, too. Calls that only look leave none, but for the export of a recording.
 */
final class AuditLog implements ServerInterceptor {
  private static final System.Logger LOG = System.getLogger(AuditLog.class.getName());
  private static final int CHARS_MAX = 300;

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Watched<Q, R> watched = new Watched<>(call);
    return new SimpleForwardingServerCallListener<>(next.startCall(watched, headers)) {
      private Origin origin = new Origin(watched.caller(), "");

      @Override
      public void onMessage(Q request) {
        watched.what = what(request);
        origin = new Origin(watched.caller(), why(request));
        super.onMessage(request);
      }

      @Override
      public void onHalfClose() { // calls with one request are made here
        ScopedValue.where(Origin.CURRENT, origin).run(super::onHalfClose);
      }
    };
  }

  /** Null for what changes nothing. */
  private static String what(Object request) {
    return switch (request) {
      case ApplyPolicyRequest apply ->
          apply.getValidateOnly()
              ? null
              : "apply a policy of " + apply.getSourcesCount() + " files";
      case ApplyCandidateRequest apply ->
          apply.getValidateOnly()
              ? null
              : "apply a candidate of " + apply.getSourcesCount() + " files";
      case DeletePolicyRequest delete -> "delete policy " + delete.getName();
      case SetModeRequest set ->
          "set mode of "
              + (set.getPolicy().isEmpty() ? "the host" : "policy " + set.getPolicy())
              + " to "
              + mode(set.getMode());
      case RollbackPolicyRequest rollback -> "roll back policy " + rollback.getPolicy();
      case DropCandidateRequest drop -> "drop the candidate of policy " + drop.getPolicy();
      case PromoteCandidateRequest promote ->
          "promote the candidate of policy " + promote.getPolicy();
      case StartRolloutRequest start -> "start the rollout of policy " + start.getPolicy();
      case PauseRolloutRequest pause -> "pause the rollout of policy " + pause.getPolicy();
      case ResumeRolloutRequest resume -> "resume the rollout of policy " + resume.getPolicy();
      case AdvanceRolloutRequest advance ->
          "advance the rollout of policy "
              + advance.getPolicy()
              + (advance.getNow() ? ", whatever its gates say" : "");
      case AbortRolloutRequest abort -> "abort the rollout of policy " + abort.getPolicy();
      case ConfirmChangeRequest confirm -> "confirm change " + confirm.getId();
      case CancelChangeRequest cancel -> "cancel change " + cancel.getId();
      case ResetBudgetRequest reset -> "reset the budget of policy " + reset.getPolicy();
      case AllowOlderRequest allow -> "allow an older bundle of " + allow.getName();
      case StartRecordingRequest start -> "start a recording";
      case StopRecordingRequest stop -> "stop the recording";
      case ExportRecordingRequest export -> "export recording " + export.getId();
      case DropBundleRequest drop -> "drop the bundle of " + drop.getName();
      default -> null;
    };
  }

  /** What the caller says about it: the field {@code message} of whatever changes something. */
  private static String why(Object request) {
    if (!(request instanceof Message message)) {
      return "";
    }
    FieldDescriptor why = message.getDescriptorForType().findFieldByName("message");
    return why == null ? "" : message.getField(why).toString();
  }

  private static String mode(Mode mode) {
    return switch (mode) {
      case MODE_AUDIT -> "audit";
      case MODE_ENFORCE -> "enforce";
      case MODE_UNSPECIFIED -> "what it declares";
      case UNRECOGNIZED -> "an unknown one";
    };
  }

  private static final class Watched<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private String what;
    private String answer = "done";

    Watched(ServerCall<Q, R> call) {
      super(call);
    }

    String caller() {
      PeerCredentials peer = getAttributes().get(PeerNegotiator.PEER);
      return peer == null ? "unknown" : "uid " + peer.uid() + ", pid " + peer.pid();
    }

    @Override
    public void sendMessage(R response) {
      if (response instanceof ApplyPolicyResponse applied) {
        answer =
            "policy "
                + applied.getPolicy().getName()
                + ", digest "
                + applied.getPolicy().getDigest()
                + ", "
                + applied.getResult();
      }
      super.sendMessage(response);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (what != null) {
        LOG.log(
            Level.INFO,
            "{0}: {1}: {2}",
            caller(),
            line(what),
            line(
                status.isOk()
                    ? answer
                    : "failed, " + status.getCode() + ": " + status.getDescription()));
      }
      super.close(status, trailers);
    }
  }

  /** A caller's words must not look like a line of ours. */
  private static String line(String text) {
    String cut = text.length() > CHARS_MAX ? text.substring(0, CHARS_MAX) + " ..." : text;
    StringBuilder line = new StringBuilder();
    cut.chars().forEach(c -> line.append(Character.isISOControl(c) ? '?' : (char) c));
    return line.toString();
  }
}
