package dev.interdict.admin;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyControl.Applied;
import dev.interdict.control.PolicyControl.PolicySources;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.ApplyPolicyResponse;
import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.DeletePolicyResponse;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.ListPoliciesRequest;
import dev.interdict.v1.ListPoliciesResponse;
import dev.interdict.v1.PolicyServiceGrpc;
import io.grpc.stub.StreamObserver;

/** {@code policy.proto}. */
final class PolicyService extends PolicyServiceGrpc.PolicyServiceImplBase {
  private final PolicyControl control;

  PolicyService(PolicyControl control) {
    this.control = control;
  }

  @Override
  public void applyPolicy(ApplyPolicyRequest request, StreamObserver<ApplyPolicyResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Applied applied =
              control.apply(
                  Protos.sources(request.getSourcesList()),
                  Protos.compiled(request.getCompiled()),
                  request.getValidateOnly(),
                  Protos.within(request.hasConfirmWithin(), request.getConfirmWithin()),
                  request.getAcceptLockout());
          ApplyPolicyResponse.Builder response = ApplyPolicyResponse.newBuilder();
          Protos.pending(applied.pending(), response::setPendingId, response::setPendingUntil);
          return response
              .setResult(Protos.result(applied.result()))
              .setPolicy(Protos.policy(applied.policy()))
              .addAllWarnings(applied.warnings().stream().map(Protos::diagnostic).toList())
              .build();
        });
  }

  @Override
  public void getPolicy(GetPolicyRequest request, StreamObserver<GetPolicyResponse> caller) {
    Replies.send(
        caller,
        () -> {
          PolicySources found = control.get(request.getName());
          return GetPolicyResponse.newBuilder()
              .setPolicy(Protos.policy(found.policy()))
              .addAllSources(Protos.sourceFiles(found.sources()))
              .build();
        });
  }

  @Override
  public void listPolicies(
      ListPoliciesRequest request, StreamObserver<ListPoliciesResponse> caller) {
    Replies.send(
        caller,
        () ->
            ListPoliciesResponse.newBuilder()
                .addAllPolicies(control.list().stream().map(Protos::policy).toList())
                .build());
  }

  @Override
  public void deletePolicy(
      DeletePolicyRequest request, StreamObserver<DeletePolicyResponse> caller) {
    Replies.send(
        caller,
        () -> {
          control.delete(request.getName());
          return DeletePolicyResponse.getDefaultInstance();
        });
  }
}
