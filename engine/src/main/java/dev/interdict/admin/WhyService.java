package dev.interdict.admin;

import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.Snapshot;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.Explanation;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.v1.Answer;
import dev.interdict.v1.AskedPolicy;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.Held;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.WhyServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** {@code why.proto}. */
final class WhyService extends WhyServiceGrpc.WhyServiceImplBase {
  private final PolicyControl control;
  private final DecisionLog decisions;
  private final Function<Kept, Explanation> explain;
  private final Supplier<Snapshot> snapshot;

  WhyService(AdminBackend backend) {
    this.control = backend.control();
    this.decisions = backend.decisions();
    this.explain = backend.explain();
    this.snapshot = backend.snapshot();
  }

  @Override
  public void explainDecision(
      ExplainDecisionRequest request, StreamObserver<ExplainDecisionResponse> caller) {
    Replies.send(
        caller,
        () ->
            response(
                explain.apply(
                    decisions
                        .find(request.getId())
                        .orElseThrow(() -> new NotKeptException(request.getId())))));
  }

  private ExplainDecisionResponse response(Explanation explanation) {
    Map<Integer, PolicyStatus> bySlot =
        control.list().stream()
            .filter(policy -> policy.slot() >= 0)
            .collect(Collectors.toMap(PolicyStatus::slot, policy -> policy));
    ExplainDecisionResponse.Builder response =
        ExplainDecisionResponse.newBuilder()
            .setDecision(DecisionProtos.decision(explanation.record()))
            .setHeld(held(explanation.held()));
    for (Explanation.Asked asked : explanation.asked()) {
      AskedPolicy.Builder policy =
          AskedPolicy.newBuilder()
              .setName(asked.policy())
              .setSame(asked.same())
              .addAllInputs(asked.inputs());
      if (bySlot.containsKey(asked.slot())) {
        policy.setInForce(Protos.policy(bySlot.get(asked.slot())));
      }
      response.addPolicies(policy);
    }
    boolean whole = snapshot.get().glass().isZero();
    for (Explanation.Answer answer : explanation.answers()) {
      PolicyStatus policy = bySlot.get(answer.slot());
      response.addAnswers(
          HeldAnswer.newBuilder()
              .setPolicy(answer.policy())
              .setAnswer(answer(answer.said()))
              .setEnforced(whole && policy != null && policy.mode().effective() == Mode.ENFORCE));
    }
    if (explanation.expires() != null) {
      response.setExpires(Protos.timestamp(Instant.now().plus(explanation.expires())));
    }
    return response.build();
  }

  private static Held held(Explanation.Held held) {
    return switch (held) {
      case VERDICT -> Held.HELD_VERDICT;
      case NOTHING -> Held.HELD_NOTHING;
      case OTHER_KEYS -> Held.HELD_OTHER_KEYS;
      case UNREAD -> Held.HELD_UNREAD;
    };
  }

  private static Answer answer(Explanation.Said said) {
    return switch (said) {
      case PASS -> Answer.ANSWER_PASS;
      case DENY -> Answer.ANSWER_DENY;
      case KILL -> Answer.ANSWER_KILL;
      case NO_ANSWER -> Answer.ANSWER_NONE;
      case NOT_ASKED -> Answer.ANSWER_NOT_ASKED;
    };
  }
}
