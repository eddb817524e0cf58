package dev.interdict.admin;

import com.google.protobuf.Timestamp;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyStatus;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.libbpf.BootClock;
import dev.interdict.v1.Answer;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.WhyServiceGrpc;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.Function;

/** {@code why.proto}. */
final class WhyService extends WhyServiceGrpc.WhyServiceImplBase {
  private final PolicyControl control;
  private final DecisionLog decisions;
  private final HostNames names;
  private final Function<VerdictKey, Verdict> verdicts;

  /**
   * What explains.
   *
   * @param verdicts what the kernel holds about a key; null: nothing
   */
  WhyService(
      PolicyControl control,
      DecisionLog decisions,
      HostNames names,
      Function<VerdictKey, Verdict> verdicts) {
    this.control = control;
    this.decisions = decisions;
    this.names = names;
    this.verdicts = verdicts;
  }

  @Override
  public void explainDecision(
      ExplainDecisionRequest request, StreamObserver<ExplainDecisionResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Kept kept =
              decisions
                  .find(request.getId())
                  .orElseThrow(() -> new NotKeptException(request.getId()));
          ExplainDecisionResponse.Builder response =
              ExplainDecisionResponse.newBuilder()
                  .setDecision(DecisionProtos.decision(kept.record()))
                  .setInput(
                      new String(InputJson.write(kept.event(), names), StandardCharsets.UTF_8));
          Verdict held = verdicts.apply(VerdictKey.of(kept.event().head().key()));
          long now = BootClock.nowNs();
          if (held != null && held.holds(now)) {
            answers(held, response);
            if (held.expiresNs() != 0) {
              response.setExpires(at(held.expiresNs() - now));
            }
          }
          return response.build();
        });
  }

  private void answers(Verdict held, ExplainDecisionResponse.Builder response) {
    for (PolicyStatus policy : control.list()) {
      if (policy.slot() >= 0 && held.answered().contains(policy.slot())) {
        response.addAnswers(
            HeldAnswer.newBuilder()
                .setPolicy(Protos.policy(policy))
                .setAnswer(answer(held, policy.slot())));
      }
    }
  }

  private static Answer answer(Verdict held, int slot) {
    if (held.cannot().contains(slot)) {
      return Answer.ANSWER_NONE;
    }
    if (held.kill().contains(slot)) {
      return Answer.ANSWER_KILL;
    }
    return held.deny().contains(slot) ? Answer.ANSWER_DENY : Answer.ANSWER_PASS;
  }

  private static Timestamp at(long inNs) {
    return Protos.timestamp(Instant.now().plusNanos(inNs));
  }
}
