package dev.interdict.admin;

import com.google.protobuf.Duration;
import dev.interdict.builtins.Glob;
import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.v1.Container;
import dev.interdict.v1.Decision;
import dev.interdict.v1.PolicyFinding;
import dev.interdict.v1.Subject;
import dev.interdict.v1.WatchDecisionsRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Decisions as messages, and filters back. No logic. */
final class DecisionProtos {
  /** Longest list of a filter: each element costs the pipeline time. */
  private static final int MAX_ELEMENTS = 64;

  /** These are looked up. As many as a host can have. */
  private static final int MAX_POLICIES = SlotSet.SLOTS;

  private static final long NS_PER_SECOND = 1_000_000_000;

  private DecisionProtos() {}

  static DecisionFilter filter(WatchDecisionsRequest request) {
    if (request.getLast() < 0 || request.getLast() > DecisionService.QUEUE) {
      throw new BadRequestException("last is at most " + DecisionService.QUEUE);
    }
    for (List<?> list :
        List.of(
            request.getHooksList(),
            request.getUidsList(),
            request.getExecutablesList(),
            request.getCgroupsList())) {
      if (list.size() > MAX_ELEMENTS) {
        throw new BadRequestException("a filter lists at most " + MAX_ELEMENTS + " of each");
      }
    }
    if (request.getPoliciesCount() > MAX_POLICIES) {
      throw new BadRequestException("a filter lists at most " + MAX_POLICIES + " policies");
    }
    Set<Outcome> outcomes =
        request.getOutcomesList().stream()
            .map(DecisionProtos::outcome)
            .collect(Collectors.toUnmodifiableSet());
    return new DecisionFilter(
        outcomes.isEmpty() ? Set.of(Outcome.DENIED, Outcome.WOULD_DENY) : outcomes,
        request.getHooksList().stream()
            .map(DecisionProtos::hook)
            .collect(Collectors.toUnmodifiableSet()),
        Set.copyOf(request.getPoliciesList()),
        Set.copyOf(request.getUidsList()),
        request.getExecutablesList().stream().map(DecisionProtos::glob).toList(),
        List.copyOf(request.getCgroupsList()));
  }

  static Decision decision(DecisionRecord record) {
    Decision.Builder decision =
        Decision.newBuilder()
            .setId(record.id())
            .setTime(Protos.timestamp(record.time()))
            .setOutcome(outcome(record.outcome()))
            .setHook(record.hook().id())
            .addAllAccess(
                Access.of(record.hook(), record.access()).stream().map(Access::id).toList())
            .setObject(record.object())
            .addAllFindings(record.findings().stream().map(DecisionProtos::finding).toList())
            .setFallback(record.fallback())
            .setHeld(record.held());
    if (record.subject() != null) {
      decision.setSubject(subject(record.subject()));
    }
    if (record.latencyNs() >= 0) {
      decision.setLatency(
          Duration.newBuilder()
              .setSeconds(record.latencyNs() / NS_PER_SECOND)
              .setNanos((int) (record.latencyNs() % NS_PER_SECOND)));
    }
    return decision.build();
  }

  private static Subject subject(DecisionRecord.Subject subject) {
    Subject.Builder message =
        Subject.newBuilder()
            .setPid(subject.pid())
            .setTid(subject.tid())
            .setParentPid(subject.parentPid())
            .setUid(subject.uid())
            .setGid(subject.gid())
            .setComm(subject.comm())
            .setExe(subject.exe())
            .setCgroup(subject.cgroup())
            .setUnit(text(subject.workload().unit()))
            .addAllLabels(subject.labels());
    setContext(message, subject.context());
    if (subject.workload().container() != null) {
      message.setContainer(container(subject.workload().container()));
    }
    return message.build();
  }

  private static void setContext(Subject.Builder message, Context context) {
    message
        .addAllCapabilities(context.shownCapabilities())
        .addAllNamespaces(context.namespaceNames())
        .setNoNewPrivs(context.noNewPrivs())
        .setSeccomp(context.seccompName())
        .setTty(context.tty());
    if (context.hasSession()) {
      message.setSessionUid(context.sessionUid());
    }
  }

  private static Container container(Workload.Container container) {
    Container.Builder message =
        Container.newBuilder()
            .setId(text(container.id()))
            .setKnown(container.known())
            .setRuntime(text(container.runtime()))
            .setName(text(container.name()))
            .setImage(text(container.image()));
    if (container.pod() != null) {
      message
          .setPodNamespace(text(container.pod().namespace()))
          .setPodName(text(container.pod().name()))
          .setPodUid(text(container.pod().uid()));
    }
    return message.build();
  }

  private static String text(Workload.Word word) {
    return word == null ? "" : word.text();
  }

  private static PolicyFinding finding(DecisionRecord.Finding finding) {
    return PolicyFinding.newBuilder()
        .setPolicy(finding.policy())
        .setEnforced(finding.enforced())
        .addAllDeny(finding.deny())
        .addAllKill(finding.kill())
        .addAllWarn(finding.warn())
        .build();
  }

  private static dev.interdict.v1.Outcome outcome(Outcome outcome) {
    return switch (outcome) {
      case ALLOWED -> dev.interdict.v1.Outcome.OUTCOME_ALLOWED;
      case DENIED -> dev.interdict.v1.Outcome.OUTCOME_DENIED;
      case WOULD_DENY -> dev.interdict.v1.Outcome.OUTCOME_WOULD_DENY;
    };
  }

  private static Outcome outcome(dev.interdict.v1.Outcome outcome) {
    return switch (outcome) {
      case OUTCOME_ALLOWED -> Outcome.ALLOWED;
      case OUTCOME_DENIED -> Outcome.DENIED;
      case OUTCOME_WOULD_DENY -> Outcome.WOULD_DENY;
      case OUTCOME_UNSPECIFIED, UNRECOGNIZED -> throw new BadRequestException("unknown outcome");
    };
  }

  private static Hook hook(String id) {
    return Arrays.stream(Hook.values())
        .filter(hook -> hook.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new BadRequestException(
                    "no hook is named \"%s\"; there are %s"
                        .formatted(
                            id,
                            Arrays.stream(Hook.values())
                                .map(Hook::id)
                                .collect(Collectors.joining(", ")))));
  }

  private static Glob glob(String pattern) {
    try {
      return new Glob(pattern);
    } catch (IllegalArgumentException e) {
      throw new BadRequestException(e.getMessage());
    }
  }
}
