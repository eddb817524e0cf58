package dev.interdict.admin;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyControl.Applied;
import dev.interdict.control.PolicyControl.RevisionSources;
import dev.interdict.v1.GetRevisionRequest;
import dev.interdict.v1.GetRevisionResponse;
import dev.interdict.v1.HistoryServiceGrpc;
import dev.interdict.v1.ListChangesRequest;
import dev.interdict.v1.ListChangesResponse;
import dev.interdict.v1.RollbackPolicyRequest;
import dev.interdict.v1.RollbackPolicyResponse;
import dev.interdict.v1.VerifyHistoryRequest;
import dev.interdict.v1.VerifyHistoryResponse;
import io.grpc.stub.StreamObserver;

/** {@code history.proto}. */
final class HistoryService extends HistoryServiceGrpc.HistoryServiceImplBase {
  private static final int LIMIT = 100;
  private static final int LIMIT_MAX = 1000;

  private final PolicyControl control;

  HistoryService(PolicyControl control) {
    this.control = control;
  }

  @Override
  public void listChanges(ListChangesRequest request, StreamObserver<ListChangesResponse> caller) {
    Replies.send(
        caller,
        () -> {
          int limit = request.getLimit() == 0 ? LIMIT : request.getLimit();
          if (limit < 0 || limit > LIMIT_MAX) {
            throw new BadRequestException("limit must be at most " + LIMIT_MAX);
          }
          String policy = request.getPolicy().isEmpty() ? null : request.getPolicy();
          return ListChangesResponse.newBuilder()
              .addAllEntries(
                  control.history().entries(policy, limit).stream().map(Protos::entry).toList())
              .build();
        });
  }

  @Override
  public void verifyHistory(
      VerifyHistoryRequest request, StreamObserver<VerifyHistoryResponse> caller) {
    Replies.send(
        caller,
        () -> {
          var found = control.history().verify();
          return VerifyHistoryResponse.newBuilder()
              .setLines(found.lines())
              .setProblem(found.problem() == null ? "" : found.problem())
              .build();
        });
  }

  @Override
  public void getRevision(GetRevisionRequest request, StreamObserver<GetRevisionResponse> caller) {
    Replies.send(
        caller,
        () -> {
          RevisionSources found = control.revision(request.getPolicy(), request.getRevision());
          return GetRevisionResponse.newBuilder()
              .setRevision(found.number())
              .addAllSources(Protos.sourceFiles(found.sources()))
              .build();
        });
  }

  @Override
  public void rollbackPolicy(
      RollbackPolicyRequest request, StreamObserver<RollbackPolicyResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Applied applied =
              control.rollback(
                  request.getPolicy(),
                  request.getRevision(),
                  Protos.within(request.hasConfirmWithin(), request.getConfirmWithin()),
                  request.getAcceptLockout());
          RollbackPolicyResponse.Builder response = RollbackPolicyResponse.newBuilder();
          Protos.pending(applied.pending(), response::setPendingId, response::setPendingUntil);
          return response
              .setResult(Protos.result(applied.result()))
              .setPolicy(Protos.policy(applied.policy()))
              .build();
        });
  }
}
