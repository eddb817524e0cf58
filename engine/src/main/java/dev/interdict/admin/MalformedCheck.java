package dev.interdict.admin;

import io.grpc.BindableService;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusRuntimeException;

/**
 * Answers bytes that are no message of the call with {@code INVALID_ARGUMENT}; gRPC takes them for
 * a failure of the server.
 */
final class MalformedCheck implements ServerInterceptor {
  private MalformedCheck() {}

  /** {@code service}, whose requests are parsed where this can see it, and logged after that. */
  static ServerServiceDefinition before(BindableService service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(
            ServerInterceptors.intercept(service, new AuditLog())),
        new MalformedCheck());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean refused;

      @Override
      public void onMessage(Q request) {
        try {
          super.onMessage(request);
        } catch (StatusRuntimeException e) { // of the parser: no service throws any
          refused = true;
          Statuses.refuse(
              call,
              Statuses.of(
                  new BadRequestException(
                      "the request is no message of "
                          + call.getMethodDescriptor().getFullMethodName())));
        }
      }

      @Override
      public void onHalfClose() {
        if (!refused) {
          super.onHalfClose();
        }
      }
    };
  }
}
