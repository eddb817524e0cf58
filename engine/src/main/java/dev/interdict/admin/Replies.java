package dev.interdict.admin;

import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/** One answer to one request. */
final class Replies {
  private Replies() {}

  /** Sends what {@code answer} returns, or the status of what it throws. */
  static <T> void send(StreamObserver<T> caller, Supplier<T> answer) {
    T response;
    try {
      response = answer.get();
    } catch (Throwable e) { // an Error too is an answer, or the caller waits
      caller.onError(Statuses.of(e));
      return;
    }
    caller.onNext(response);
    caller.onCompleted();
  }
}
