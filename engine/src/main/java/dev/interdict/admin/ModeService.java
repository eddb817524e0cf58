package dev.interdict.admin;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyControl.Switched;
import dev.interdict.v1.GetModeRequest;
import dev.interdict.v1.GetModeResponse;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.ResetBudgetRequest;
import dev.interdict.v1.ResetBudgetResponse;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.SetModeResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;

/** {@code mode.proto}. */
final class ModeService extends ModeServiceGrpc.ModeServiceImplBase {
  private final PolicyControl control;

  ModeService(PolicyControl control) {
    this.control = control;
  }

  @Override
  public void getMode(GetModeRequest request, StreamObserver<GetModeResponse> caller) {
    Replies.send(
        caller,
        () ->
            GetModeResponse.newBuilder()
                .setHost(Protos.mode(control.hostMode()))
                .addAllPolicies(control.modes().stream().map(Protos::policyMode).toList())
                .build());
  }

  @Override
  public void setMode(SetModeRequest request, StreamObserver<SetModeResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Duration within = Protos.within(request.hasConfirmWithin(), request.getConfirmWithin());
          Set<String> accepted = Set.copyOf(request.getAcceptLockoutList());
          Switched switched =
              request.getPolicy().isEmpty()
                  ? control.setHostMode(Protos.requiredMode(request.getMode()), within, accepted)
                  : control.setPolicyMode(
                      request.getPolicy(), Protos.mode(request.getMode()), within, accepted);
          SetModeResponse.Builder response = SetModeResponse.newBuilder();
          Protos.pending(switched.pending(), response::setPendingId, response::setPendingUntil);
          return response
              .setHost(Protos.mode(switched.host()))
              .addAllPolicies(switched.policies().stream().map(Protos::policyMode).toList())
              .setNotSaved(switched.notSaved() == null ? "" : switched.notSaved())
              .build();
        });
  }

  @Override
  public void resetBudget(ResetBudgetRequest request, StreamObserver<ResetBudgetResponse> caller) {
    Replies.send(
        caller,
        () ->
            ResetBudgetResponse.newBuilder()
                .setMode(Protos.policyMode(control.resetBudget(request.getPolicy())))
                .build());
  }
}
