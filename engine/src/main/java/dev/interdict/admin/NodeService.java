package dev.interdict.admin;

import dev.interdict.control.Pending;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Rollout;
import dev.interdict.control.Snapshot;
import dev.interdict.v1.DoctorRequest;
import dev.interdict.v1.DoctorResponse;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.NodeServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** {@code node.proto}. */
final class NodeService extends NodeServiceGrpc.NodeServiceImplBase {
  private final AdminBackend backend;

  NodeService(AdminBackend backend) {
    this.backend = backend;
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> caller) {
    Replies.send(caller, this::status);
  }

  private GetStatusResponse status() {
    Snapshot snapshot = backend.snapshot().get();
    List<PolicyStatus> policies = backend.control().list();
    long inForce = policies.stream().filter(p -> p.problem() == null).count();
    GetStatusResponse.Builder response = GetStatusResponse.newBuilder();
    Pending pending = backend.control().leases().pending();
    if (pending != null) {
      response.setPending(Protos.pending(pending));
    }
    Rollout rollout = backend.control().rollouts().rollout();
    if (rollout != null) {
      response.setRollout(rollout.policy()).setRolloutPercent(rollout.percent());
    }
    return response
        .setVersion(backend.version())
        .setPid((int) ProcessHandle.current().pid())
        .setStarted(Protos.timestamp(backend.started()))
        .setKernel(System.getProperty("os.version"))
        .setMode(Protos.mode(backend.control().hostMode()))
        .setGeneration(backend.control().generation())
        .setPolicies((int) inForce)
        .setProblems((int) (policies.size() - inForce))
        .addAllHooks(Protos.hooks(snapshot.hooks()))
        .putAllCounters(snapshot.counters())
        .putAllCounters(backend.bundles().counters())
        .putAllCounters(backend.decisions().counters())
        .addAllBundles(backend.bundles().statuses().stream().map(BundleProtos::status).toList())
        .addAllGaps(snapshot.unguarded())
        .setVerdicts((int) snapshot.verdicts())
        .setFlows((int) snapshot.flows())
        .setWatcherLost(backend.decisions().lost())
        .addAllThreads(backend.threads().get().stream().map(Protos::thread).toList())
        .setWatchers(backend.decisions().watchers())
        .build();
  }

  @Override
  public void doctor(DoctorRequest request, StreamObserver<DoctorResponse> caller) {
    Replies.send(
        caller,
        () ->
            DoctorResponse.newBuilder()
                .addAllChecks(backend.doctor().examine().stream().map(Protos::check).toList())
                .build());
  }
}
