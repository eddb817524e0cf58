package dev.interdict.admin;

import com.google.protobuf.Duration;
import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.Gate;
import dev.interdict.control.Rollout;
import dev.interdict.control.Rollouts;
import dev.interdict.control.Unit;
import dev.interdict.v1.AbortRolloutRequest;
import dev.interdict.v1.AbortRolloutResponse;
import dev.interdict.v1.AdvanceRolloutRequest;
import dev.interdict.v1.AdvanceRolloutResponse;
import dev.interdict.v1.GateOutcome;
import dev.interdict.v1.GetRolloutRequest;
import dev.interdict.v1.GetRolloutResponse;
import dev.interdict.v1.PauseRolloutRequest;
import dev.interdict.v1.PauseRolloutResponse;
import dev.interdict.v1.ResumeRolloutRequest;
import dev.interdict.v1.ResumeRolloutResponse;
import dev.interdict.v1.RolloutGate;
import dev.interdict.v1.RolloutServiceGrpc;
import dev.interdict.v1.RolloutStep;
import dev.interdict.v1.RolloutUnit;
import dev.interdict.v1.StartRolloutRequest;
import dev.interdict.v1.StartRolloutResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** {@code rollout.proto}. */
final class RolloutService extends RolloutServiceGrpc.RolloutServiceImplBase {
  private static final long MIN_KEYS = 100;
  private static final long PATIENCE_SECONDS = 3600;

  private final Rollouts rollouts;

  RolloutService(Rollouts rollouts) {
    this.rollouts = rollouts;
  }

  @Override
  public void startRollout(
      StartRolloutRequest request, StreamObserver<StartRolloutResponse> caller) {
    Replies.send(
        caller,
        () ->
            StartRolloutResponse.newBuilder()
                .setRollout(
                    rollout(
                        rollouts.start(
                            request.getPolicy(),
                            new Seen(request.getRevision(), request.getBeside()),
                            plan(request),
                            request.getAcceptLockout())))
                .build());
  }

  private static Rollout.Plan plan(StartRolloutRequest request) {
    try {
      return new Rollout.Plan(
          request.getStepsList().stream()
              .map(step -> new Rollout.Step(step.getPercent(), seconds(step.getTime())))
              .toList(),
          request.getMinKeys() == 0 ? MIN_KEYS : request.getMinKeys(),
          request.hasMinUnits() ? Integer.toUnsignedLong(request.getMinUnits()) : null,
          request.getLimitsMap(),
          request.hasPatience() ? seconds(request.getPatience()) : PATIENCE_SECONDS,
          request.hasConfirmWithin() ? seconds(request.getConfirmWithin()) : 0);
    } catch (IllegalArgumentException e) {
      throw new BadRequestException(e.getMessage());
    }
  }

  private static long seconds(Duration time) {
    if (time.getNanos() != 0) {
      throw new BadRequestException("times of a rollout are whole seconds");
    }
    return time.getSeconds();
  }

  @Override
  public void getRollout(GetRolloutRequest request, StreamObserver<GetRolloutResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Rollouts.Status status = rollouts.status();
          boolean wanted =
              status != null
                  && (request.getPolicy().isEmpty()
                      || request.getPolicy().equals(status.rollout().policy()));
          return wanted
              ? GetRolloutResponse.newBuilder().setRollout(rollout(status)).build()
              : GetRolloutResponse.getDefaultInstance();
        });
  }

  @Override
  public void pauseRollout(
      PauseRolloutRequest request, StreamObserver<PauseRolloutResponse> caller) {
    Replies.send(
        caller,
        () ->
            PauseRolloutResponse.newBuilder()
                .setRollout(rollout(rollouts.pause(request.getPolicy())))
                .build());
  }

  @Override
  public void resumeRollout(
      ResumeRolloutRequest request, StreamObserver<ResumeRolloutResponse> caller) {
    Replies.send(
        caller,
        () ->
            ResumeRolloutResponse.newBuilder()
                .setRollout(rollout(rollouts.resume(request.getPolicy())))
                .build());
  }

  @Override
  public void advanceRollout(
      AdvanceRolloutRequest request, StreamObserver<AdvanceRolloutResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Rollouts.Status status = rollouts.advance(request.getPolicy(), request.getNow());
          return status == null
              ? AdvanceRolloutResponse.getDefaultInstance()
              : AdvanceRolloutResponse.newBuilder().setRollout(rollout(status)).build();
        });
  }

  @Override
  public void abortRollout(
      AbortRolloutRequest request, StreamObserver<AbortRolloutResponse> caller) {
    Replies.send(
        caller,
        () -> {
          rollouts.abort(request.getPolicy());
          return AbortRolloutResponse.getDefaultInstance();
        });
  }

  private static dev.interdict.v1.Rollout rollout(Rollouts.Status status) {
    Rollout of = status.rollout();
    List<Rollout.Step> steps = of.plan().steps();
    int next = steps.get(of.step() + 1).percent();
    return dev.interdict.v1.Rollout.newBuilder()
        .setPolicy(of.policy())
        .setRevision(of.revision())
        .setBeside(of.beside())
        .addAllSteps(steps.stream().map(RolloutService::step).toList())
        .setStep(of.step() + 1)
        .setPercent(of.percent())
        .setPaused(of.paused())
        .setChange(of.change())
        .setBy(of.by())
        .setWhy(of.why())
        .setLeft(Duration.newBuilder().setSeconds(status.left().toSeconds()))
        .addAllGates(status.gates().stream().map(RolloutService::gate).toList())
        .addAllUnits(status.units().stream().map(unit -> unit(unit, of.percent(), next)).toList())
        .build();
  }

  private static RolloutStep step(Rollout.Step step) {
    RolloutStep.Builder builder = RolloutStep.newBuilder().setPercent(step.percent());
    if (step.seconds() > 0) {
      builder.setTime(Duration.newBuilder().setSeconds(step.seconds()));
    }
    return builder.build();
  }

  private static RolloutUnit unit(Unit unit, int percent, int next) {
    return RolloutUnit.newBuilder()
        .setCgroup(unit.cgroup())
        .setCanary(unit.isIn(percent))
        .setNext(unit.isIn(next))
        .setEmpty(!unit.populated())
        .build();
  }

  private static RolloutGate gate(Gate.Result result) {
    return RolloutGate.newBuilder()
        .setName(result.gate().id())
        .setOutcome(
            switch (result.outcome()) {
              case PASSED -> GateOutcome.GATE_OUTCOME_PASSED;
              case INCONCLUSIVE -> GateOutcome.GATE_OUTCOME_INCONCLUSIVE;
              case ERROR -> GateOutcome.GATE_OUTCOME_ERROR;
              case FAILED -> GateOutcome.GATE_OUTCOME_FAILED;
            })
        .setMeasured(result.measured())
        .setLimit(result.limit())
        .setDetail(result.detail())
        .build();
  }
}
