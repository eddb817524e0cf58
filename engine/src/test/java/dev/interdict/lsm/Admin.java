package dev.interdict.lsm;

import com.google.protobuf.ByteString;
import dev.interdict.admin.AdminChannel;
import dev.interdict.event.Hook;
import dev.interdict.v1.AbortRolloutRequest;
import dev.interdict.v1.ApplyCandidateRequest;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.Candidate;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.GetCandidateRequest;
import dev.interdict.v1.GetModeRequest;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetRolloutRequest;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.Mode;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.PromoteCandidateRequest;
import dev.interdict.v1.ResetBudgetRequest;
import dev.interdict.v1.Rollout;
import dev.interdict.v1.RolloutServiceGrpc;
import dev.interdict.v1.RolloutStep;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.SourceFile;
import dev.interdict.v1.StartRolloutRequest;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;

/** The engine's admin API, as these tests need it. */
final class Admin implements AutoCloseable {
  private final ManagedChannel channel;

  Admin(Path socket) {
    channel = AdminChannel.open(socket);
  }

  private PolicyServiceGrpc.PolicyServiceBlockingStub policies() {
    return PolicyServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Guest.STUCK.toSeconds(), TimeUnit.SECONDS);
  }

  private ModeServiceGrpc.ModeServiceBlockingStub modes() {
    return ModeServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Guest.STUCK.toSeconds(), TimeUnit.SECONDS);
  }

  /** For a stream, which has no deadline. */
  DecisionServiceGrpc.DecisionServiceBlockingStub decisions() {
    return DecisionServiceGrpc.newBlockingStub(channel);
  }

  GetStatusResponse status() {
    return NodeServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Guest.STUCK.toSeconds(), TimeUnit.SECONDS)
        .getStatus(GetStatusRequest.getDefaultInstance());
  }

  /** Applies one of the {@link TrialPolicies}. */
  void apply(String name) {
    apply(TrialPolicies.sources(name), TrialPolicies.compiled(name));
  }

  /** Applies one of the {@link TrialPolicies} until it is confirmed or the time is over. */
  void lease(String name, Duration within) {
    apply(
        TrialPolicies.sources(name),
        TrialPolicies.compiled(name),
        ApplyPolicyRequest.newBuilder()
            .setConfirmWithin(
                com.google.protobuf.Duration.newBuilder().setSeconds(within.toSeconds())));
  }

  /** Has one of the {@link TrialPolicies} asked beside the policy of its name. */
  void candidate(String name) {
    ApplyCandidateRequest.Builder request =
        ApplyCandidateRequest.newBuilder()
            .setCompiled(ByteString.copyFrom(TrialPolicies.compiled(name)));
    TrialPolicies.sources(name)
        .forEach(
            (path, content) ->
                request.addSources(
                    SourceFile.newBuilder()
                        .setPath(path)
                        .setContent(ByteString.copyFrom(content))));
    var ignored = candidates().applyCandidate(request.build());
  }

  private CandidateServiceGrpc.CandidateServiceBlockingStub candidates() {
    return CandidateServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Guest.STUCK.toSeconds(), TimeUnit.SECONDS);
  }

  Candidate candidateOf(String policy) {
    return candidates()
        .getCandidate(GetCandidateRequest.newBuilder().setPolicy(policy).build())
        .getCandidate();
  }

  void promote(String policy) {
    var ignored =
        candidates()
            .promoteCandidate(
                PromoteCandidateRequest.newBuilder()
                    .setPolicy(policy)
                    .setAcceptLockout(true)
                    .build());
  }

  private RolloutServiceGrpc.RolloutServiceBlockingStub rollouts() {
    return RolloutServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(Guest.STUCK.toSeconds(), TimeUnit.SECONDS);
  }

  /** Begins a rollout whose gates forgive all that these tests do, and can never tell. */
  Rollout rollout(String policy, int percent, Duration step, Duration patience) {
    StartRolloutRequest.Builder request =
        StartRolloutRequest.newBuilder()
            .setPolicy(policy)
            .addSteps(RolloutStep.newBuilder().setPercent(percent).setTime(proto(step)))
            .addSteps(RolloutStep.newBuilder().setPercent(100))
            .setMinKeys(1_000_000)
            .setPatience(proto(patience));
    for (String gate :
        List.of(
            "newly-denied-keys",
            "newly-denied-units",
            "fallbacks",
            "evaluation-failures",
            "over-rate")) {
      request.putLimits(gate, 1_000_000);
    }
    return rollouts().startRollout(request.build()).getRollout();
  }

  private static com.google.protobuf.Duration proto(Duration time) {
    return com.google.protobuf.Duration.newBuilder().setSeconds(time.toSeconds()).build();
  }

  /** The one that is under way, or one without a policy. */
  Rollout rollout() {
    return rollouts().getRollout(GetRolloutRequest.getDefaultInstance()).getRollout();
  }

  void abort(String policy) {
    var ignored =
        rollouts().abortRollout(AbortRolloutRequest.newBuilder().setPolicy(policy).build());
  }

  /** Whether a change waits for its confirmation. */
  boolean isPending() {
    return status().hasPending();
  }

  /** Applies a policy that was compiled elsewhere. */
  void apply(SortedMap<String, byte[]> sources, byte[] compiled) {
    apply(sources, compiled, ApplyPolicyRequest.newBuilder());
  }

  /** The same, as {@code request} says, whomever it locks out: these tests are about that. */
  void apply(
      SortedMap<String, byte[]> sources, byte[] compiled, ApplyPolicyRequest.Builder request) {
    sources.forEach(
        (path, content) ->
            request.addSources(
                SourceFile.newBuilder().setPath(path).setContent(ByteString.copyFrom(content))));
    request.setCompiled(ByteString.copyFrom(compiled)).setAcceptLockout(true);
    var ignored = policies().applyPolicy(request.build());
  }

  void delete(String name) {
    var ignored = policies().deletePolicy(DeletePolicyRequest.newBuilder().setName(name).build());
  }

  PolicyInfo policy(String name) {
    return policies().getPolicy(GetPolicyRequest.newBuilder().setName(name).build()).getPolicy();
  }

  /** Switches one policy, whomever that locks out. */
  void mode(String policy, Mode mode) {
    SetModeRequest.Builder request = SetModeRequest.newBuilder().setPolicy(policy).setMode(mode);
    if (!policy.isEmpty()) {
      request.addAcceptLockout(policy);
    } else if (mode == Mode.MODE_ENFORCE) {
      modes()
          .getMode(GetModeRequest.getDefaultInstance())
          .getPoliciesList()
          .forEach(one -> request.addAcceptLockout(one.getPolicy()));
    }
    var ignored = modes().setMode(request.build());
  }

  /** Switches the host. */
  void mode(Mode mode) {
    mode("", mode);
  }

  void resetBudget(String policy) {
    var ignored = modes().resetBudget(ResetBudgetRequest.newBuilder().setPolicy(policy).build());
  }

  /** A hook's counter, summed over the CPUs. */
  long counter(Hook hook, String name) {
    return status().getHooksList().stream()
        .filter(status -> status.getHook().equals(hook.id()))
        .mapToLong(status -> status.getCountersOrThrow(name))
        .sum();
  }

  /** A counter, summed over the hooks too. */
  long counter(String name) {
    return List.of(Hook.values()).stream().mapToLong(hook -> counter(hook, name)).sum();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
