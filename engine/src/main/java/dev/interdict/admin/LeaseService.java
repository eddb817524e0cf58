package dev.interdict.admin;

import dev.interdict.control.Leases;
import dev.interdict.control.Pending;
import dev.interdict.v1.CancelChangeRequest;
import dev.interdict.v1.CancelChangeResponse;
import dev.interdict.v1.ConfirmChangeRequest;
import dev.interdict.v1.ConfirmChangeResponse;
import dev.interdict.v1.GetPendingChangeRequest;
import dev.interdict.v1.GetPendingChangeResponse;
import dev.interdict.v1.LeaseServiceGrpc;
import io.grpc.stub.StreamObserver;

/** {@code lease.proto}. */
final class LeaseService extends LeaseServiceGrpc.LeaseServiceImplBase {
  private final Leases leases;

  LeaseService(Leases leases) {
    this.leases = leases;
  }

  @Override
  public void getPendingChange(
      GetPendingChangeRequest request, StreamObserver<GetPendingChangeResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Pending pending = leases.pending();
          return pending == null
              ? GetPendingChangeResponse.getDefaultInstance()
              : GetPendingChangeResponse.newBuilder().setPending(Protos.pending(pending)).build();
        });
  }

  @Override
  public void confirmChange(
      ConfirmChangeRequest request, StreamObserver<ConfirmChangeResponse> caller) {
    Replies.send(
        caller,
        () -> {
          leases.confirm(request.getId());
          return ConfirmChangeResponse.getDefaultInstance();
        });
  }

  @Override
  public void cancelChange(
      CancelChangeRequest request, StreamObserver<CancelChangeResponse> caller) {
    Replies.send(
        caller,
        () -> {
          leases.cancel(request.getId());
          return CancelChangeResponse.getDefaultInstance();
        });
  }
}
