package dev.interdict.admin;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code decision.proto}. Each watch has a virtual thread of its own between its queue and its
 * caller.
 */
final class DecisionService extends DecisionServiceGrpc.DecisionServiceImplBase
    implements AutoCloseable {
  /** Decisions that wait for one caller: half a second of a flood of denials. */
  static final int QUEUE = 4096;

  private final DecisionLog log;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();

  DecisionService(DecisionLog log) {
    this.log = log;
  }

  @Override
  public void watchDecisions(
      WatchDecisionsRequest request, StreamObserver<WatchDecisionsResponse> observer) {
    var caller = (ServerCallStreamObserver<WatchDecisionsResponse>) observer;
    try {
      var subscription = log.subscribe(DecisionProtos.filter(request), QUEUE, request.getLast());
      Watch watch = new Watch(subscription, caller, !request.getNoFollow(), watches::remove);
      watches.add(watch);
      caller.setOnReadyHandler(watch::wake);
      caller.setOnCancelHandler(watch::cancel);
      watch.start();
    } catch (RuntimeException e) {
      caller.onError(Statuses.of(e));
    }
  }

  /** Ends every watch. */
  @Override
  public void close() {
    watches.forEach(Watch::end);
  }
}
