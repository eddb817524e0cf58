package dev.interdict.admin;

import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.v1.WatchDecisionsResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * One caller of WatchDecisions. Writes only while the caller's flow control has room; meanwhile the
 * subscription's queue fills and then loses.
 */
final class Watch {
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);

  private final DecisionLog.Subscription subscription;
  private final ServerCallStreamObserver<WatchDecisionsResponse> caller;
  private final boolean follow;
  private final Consumer<Watch> whenOver;
  private final Thread thread = Thread.ofVirtual().name("watch").unstarted(this::run);
  private volatile boolean engineEnds;

  Watch(
      DecisionLog.Subscription subscription,
      ServerCallStreamObserver<WatchDecisionsResponse> caller,
      boolean follow,
      Consumer<Watch> whenOver) {
    this.subscription = subscription;
    this.caller = caller;
    this.follow = follow;
    this.whenOver = whenOver;
  }

  void start() {
    thread.start();
  }

  /** The caller has room again. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** The caller is gone. */
  void cancel() {
    thread.interrupt();
  }

  /** The engine stops. */
  void end() {
    engineEnds = true;
    thread.interrupt();
  }

  private void run() {
    try (subscription) {
      for (DecisionRecord record : subscription.past()) {
        send(WatchDecisionsResponse.newBuilder().setDecision(DecisionProtos.decision(record)));
      }
      while (follow) {
        next();
      }
      caller.onCompleted();
    } catch (InterruptedException e) {
      if (engineEnds && !caller.isCancelled()) {
        caller.onError(
            Status.UNAVAILABLE.withDescription("the engine is stopping").asRuntimeException());
      }
    } catch (Throwable e) { // the caller is told, as of any other call
      caller.onError(Statuses.of(e));
    } finally {
      whenOver.accept(this);
    }
  }

  private void next() throws InterruptedException {
    DecisionRecord record = subscription.poll(HEARTBEAT);
    long lost = subscription.takeLost();
    if (lost > 0) {
      send(WatchDecisionsResponse.newBuilder().setLost(lost));
    }
    if (record != null) {
      send(WatchDecisionsResponse.newBuilder().setDecision(DecisionProtos.decision(record)));
    } else if (lost == 0) {
      send(WatchDecisionsResponse.newBuilder().setHeartbeat(true));
    }
  }

  private void send(WatchDecisionsResponse.Builder message) throws InterruptedException {
    while (!caller.isReady()) {
      LockSupport.park(this);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    caller.onNext(message.build());
  }
}
