package dev.interdict.admin;

import dev.interdict.control.NoSuchPolicyException;
import dev.interdict.control.PolicyStatus;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * {@code decision.proto}. Each watch has a virtual thread of its own between its queue and its
 * caller.
 */
final class DecisionService extends DecisionServiceGrpc.DecisionServiceImplBase
    implements AutoCloseable {
  /** Decisions that wait for one caller: half a second of a flood of denials. */
  static final int QUEUE = 4096;

  private final DecisionLog log;
  private final Supplier<List<PolicyStatus>> policies;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();

  /**
   * @param policies those that are there now
   */
  DecisionService(DecisionLog log, Supplier<List<PolicyStatus>> policies) {
    this.log = log;
    this.policies = policies;
  }

  @Override
  public void watchDecisions(
      WatchDecisionsRequest request, StreamObserver<WatchDecisionsResponse> observer) {
    var caller = (ServerCallStreamObserver<WatchDecisionsResponse>) observer;
    try {
      requireAll(request.getPoliciesList());
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

  /** Of a policy that is not there nothing would ever be heard. */
  private void requireAll(List<String> names) {
    for (String name : names) {
      if (policies.get().stream().noneMatch(policy -> policy.name().equals(name))) {
        throw new NoSuchPolicyException(name);
      }
    }
  }

  /** Ends every watch. */
  @Override
  public void close() {
    watches.forEach(Watch::end);
  }
}
