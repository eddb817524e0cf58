package dev.interdict.admin;

import dev.interdict.control.Candidates;
import dev.interdict.control.Candidates.Candidate;
import dev.interdict.control.Candidates.Seen;
import dev.interdict.control.PolicyControl.Applied;
import dev.interdict.decisions.Comparison;
import dev.interdict.decisions.Comparison.Kind;
import dev.interdict.v1.ApplyCandidateRequest;
import dev.interdict.v1.ApplyCandidateResponse;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.Difference;
import dev.interdict.v1.DifferenceKind;
import dev.interdict.v1.DropCandidateRequest;
import dev.interdict.v1.DropCandidateResponse;
import dev.interdict.v1.GetCandidateRequest;
import dev.interdict.v1.GetCandidateResponse;
import dev.interdict.v1.ListCandidatesRequest;
import dev.interdict.v1.ListCandidatesResponse;
import dev.interdict.v1.PromoteCandidateRequest;
import dev.interdict.v1.PromoteCandidateResponse;
import io.grpc.stub.StreamObserver;
import java.util.function.IntFunction;

/** {@code candidate.proto}. */
final class CandidateService extends CandidateServiceGrpc.CandidateServiceImplBase {
  private final Candidates candidates;
  private final IntFunction<Comparison> comparisons;

  /**
   * @param comparisons by slot; null: nothing was compared yet
   */
  CandidateService(Candidates candidates, IntFunction<Comparison> comparisons) {
    this.candidates = candidates;
    this.comparisons = comparisons;
  }

  @Override
  public void applyCandidate(
      ApplyCandidateRequest request, StreamObserver<ApplyCandidateResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Applied applied =
              candidates.apply(
                  Protos.sources(request.getSourcesList()),
                  Protos.compiled(request.getCompiled()),
                  request.getValidateOnly());
          return ApplyCandidateResponse.newBuilder()
              .setResult(Protos.result(applied.result()))
              .setPolicy(Protos.policy(applied.policy()))
              .addAllWarnings(applied.warnings().stream().map(Protos::diagnostic).toList())
              .build();
        });
  }

  @Override
  public void listCandidates(
      ListCandidatesRequest request, StreamObserver<ListCandidatesResponse> caller) {
    Replies.send(
        caller,
        () ->
            ListCandidatesResponse.newBuilder()
                .addAllCandidates(
                    candidates.list().stream().map(one -> candidate(one, false)).toList())
                .build());
  }

  @Override
  public void getCandidate(
      GetCandidateRequest request, StreamObserver<GetCandidateResponse> caller) {
    Replies.send(
        caller,
        () ->
            GetCandidateResponse.newBuilder()
                .setCandidate(candidate(candidates.get(request.getPolicy()), true))
                .build());
  }

  @Override
  public void dropCandidate(
      DropCandidateRequest request, StreamObserver<DropCandidateResponse> caller) {
    Replies.send(
        caller,
        () -> {
          candidates.drop(request.getPolicy(), request.getRevision());
          return DropCandidateResponse.getDefaultInstance();
        });
  }

  @Override
  public void promoteCandidate(
      PromoteCandidateRequest request, StreamObserver<PromoteCandidateResponse> caller) {
    Replies.send(
        caller,
        () -> {
          Applied applied =
              candidates.promote(
                  request.getPolicy(),
                  new Seen(request.getRevision(), request.getBeside()),
                  Protos.within(request.hasConfirmWithin(), request.getConfirmWithin()),
                  request.getAcceptLockout());
          PromoteCandidateResponse.Builder response =
              PromoteCandidateResponse.newBuilder()
                  .setResult(Protos.result(applied.result()))
                  .setPolicy(Protos.policy(applied.policy()));
          Protos.pending(applied.pending(), response::setPendingId, response::setPendingUntil);
          return response.build();
        });
  }

  private dev.interdict.v1.Candidate candidate(Candidate one, boolean examples) {
    dev.interdict.v1.Candidate.Builder candidate =
        dev.interdict.v1.Candidate.newBuilder()
            .setPolicy(Protos.policy(one.policy()))
            .setBeside(one.beside());
    Comparison comparison = comparisons.apply(one.policy().slot());
    if (comparison != null) {
      candidate.setComparison(comparison(comparison, examples));
    }
    return candidate.build();
  }

  private static dev.interdict.v1.Comparison comparison(Comparison of, boolean examples) {
    dev.interdict.v1.Comparison.Builder comparison =
        dev.interdict.v1.Comparison.newBuilder()
            .setSince(Protos.timestamp(of.since()))
            .setAlike(of.alike())
            .setNewlyDenied(of.newlyDenied())
            .setNewlyAllowed(of.newlyAllowed())
            .setUndecided(of.undecided())
            .setUntold(of.untold())
            .setOmitted(of.omitted().values().stream().mapToLong(Long::longValue).sum());
    if (examples) {
      of.differences().forEach(one -> comparison.addDifferences(difference(one)));
    }
    return comparison.build();
  }

  private static Difference difference(Comparison.Difference of) {
    return Difference.newBuilder()
        .setKind(kind(of.kind()))
        .setExample(DecisionProtos.decision(of.example()))
        .setAsked(of.asked())
        .build();
  }

  private static DifferenceKind kind(Kind kind) {
    return switch (kind) {
      case NEWLY_DENIED -> DifferenceKind.DIFFERENCE_KIND_NEWLY_DENIED;
      case NEWLY_ALLOWED -> DifferenceKind.DIFFERENCE_KIND_NEWLY_ALLOWED;
      case UNDECIDED -> DifferenceKind.DIFFERENCE_KIND_UNDECIDED;
    };
  }
}
