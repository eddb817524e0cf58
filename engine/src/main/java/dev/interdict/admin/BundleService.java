package dev.interdict.admin;

import dev.interdict.control.BundleControl;
import dev.interdict.control.Objection;
import dev.interdict.control.RefusedException;
import dev.interdict.delivery.Deliveries;
import dev.interdict.v1.AllowOlderRequest;
import dev.interdict.v1.AllowOlderResponse;
import dev.interdict.v1.BundleServiceGrpc;
import dev.interdict.v1.DropBundleRequest;
import dev.interdict.v1.DropBundleResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** {@code bundle.proto}. */
final class BundleService extends BundleServiceGrpc.BundleServiceImplBase {
  private final BundleControl control;
  private final Deliveries deliveries;

  BundleService(BundleControl control, Deliveries deliveries) {
    this.control = control;
    this.deliveries = deliveries;
  }

  @Override
  public void allowOlder(AllowOlderRequest request, StreamObserver<AllowOlderResponse> caller) {
    Replies.send(
        caller,
        () -> {
          control.allowOlder(request.getName());
          deliveries.hurry(request.getName());
          return AllowOlderResponse.getDefaultInstance();
        });
  }

  @Override
  public void dropBundle(DropBundleRequest request, StreamObserver<DropBundleResponse> caller) {
    Replies.send(
        caller,
        () -> {
          if (deliveries.isConfigured(request.getName())) {
            throw new RefusedException(
                List.of(
                    new Objection(
                        "bundle " + request.getName(),
                        "its source is configured and would bring it back",
                        "take it out of the engine's file of bundles first, and restart the"
                            + " engine")));
          }
          return DropBundleResponse.newBuilder()
              .setPolicies(control.drop(request.getName()))
              .build();
        });
  }
}
