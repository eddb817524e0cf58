package dev.interdict.admin;

import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.util.function.BooleanSupplier;

/**
 * gRPC's own question of health, about the server as a whole (the empty name): serving is an engine
 * that decides. {@code Watch} is not offered, which the protocol allows; clients then ask again.
 */
final class HealthService extends HealthGrpc.HealthImplBase {
  private final BooleanSupplier decides;

  HealthService(BooleanSupplier decides) {
    this.decides = decides;
  }

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> caller) {
    if (!request.getService().isEmpty()) {
      caller.onError(
          Status.NOT_FOUND
              .withDescription("health is told of the server as a whole: ask with an empty name")
              .asRuntimeException());
      return;
    }
    Replies.send(
        caller,
        () ->
            HealthCheckResponse.newBuilder()
                .setStatus(
                    decides.getAsBoolean() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
                .build());
  }
}
