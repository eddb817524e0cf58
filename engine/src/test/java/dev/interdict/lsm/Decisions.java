package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.v1.Decision;
import dev.interdict.v1.Outcome;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Every denial and would-denial since it was opened, by the cgroup of the subject. */
final class Decisions {
  /** Not trial-race, whose denials are as many as the races' tries. */
  private static final List<String> TRIALS =
      List.of(
          "trial-files",
          "trial-change",
          "trial-local",
          "trial-namespace",
          "trial-module",
          "trial-mount",
          "trial-peer",
          "trial-labels",
          "trial-context",
          "trial-exec",
          "trial-net",
          "trial-created",
          "trial-containers",
          "trial-scope",
          "trial-budget",
          "trial-alarm",
          "trial-behind",
          "trial-ahead");

  /** How a stream ends when its engine does, or the test leaves. */
  private static final Set<Status.Code> ENDS =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);

  private final List<Decision> all = new CopyOnWriteArrayList<>();

  /** Why nothing comes any more. */
  private volatile Throwable failed;

  Decisions(Admin admin) {
    WatchDecisionsRequest request =
        WatchDecisionsRequest.newBuilder()
            .addAllPolicies(TRIALS)
            .addAllPolicies(LibraryPolicy.names())
            .build();
    Iterator<WatchDecisionsResponse> stream = admin.decisions().watchDecisions(request);
    Thread.ofPlatform().daemon().name("decisions").start(() -> collect(stream));
  }

  private void collect(Iterator<WatchDecisionsResponse> stream) {
    try {
      while (stream.hasNext()) {
        WatchDecisionsResponse response = stream.next();
        if (response.hasDecision()) {
          all.add(response.getDecision());
        } else if (response.getLost() > 0) {
          throw new AssertionError("the watcher lost " + response.getLost() + " decisions");
        }
      }
    } catch (StatusRuntimeException e) {
      failed = ENDS.contains(e.getStatus().getCode()) ? null : e;
    } catch (AssertionError e) {
      failed = e;
    }
  }

  /**
   * Those of a cgroup at a hook, so far, as they happened: what the kernel answers by itself is
   * told later than what it asks about.
   */
  List<Decision> of(String cgroup, Hook hook) {
    return all.stream()
        .filter(decision -> decision.getSubject().getCgroup().equals(cgroup))
        .filter(decision -> decision.getHook().equals(hook.id()))
        .sorted(Comparator.comparing(Decisions::time))
        .toList();
  }

  private static Instant time(Decision decision) {
    return Instant.ofEpochSecond(decision.getTime().getSeconds(), decision.getTime().getNanos());
  }

  /**
   * Waits until a decision of this cgroup has come: records are kept in order, so all that happened
   * before have come too.
   */
  void await(String cgroup) {
    Guest.eventually(
        () ->
            failed != null
                || all.stream().anyMatch(d -> d.getSubject().getCgroup().equals(cgroup)));
    if (failed != null) {
      throw new AssertionError("decisions do not come any more", failed);
    }
  }

  static boolean all(List<Decision> decisions, Outcome outcome) {
    return decisions.stream().allMatch(decision -> decision.getOutcome() == outcome);
  }
}
