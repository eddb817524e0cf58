package dev.interdict.pipeline;

import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Finding;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.eval.Decision;
import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicySet;
import dev.interdict.eval.SlotDecisions;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.Names;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.RecordFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.libbpf.BootClock;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Turns events and decisions into the records that people read. Safe for use by many threads. */
final class Narrator {
  private static final Decision NO_ANSWER =
      new Decision(
          List.of("no decision in time: the policy's fallback refused"), List.of(), List.of());
  private static final Decision FORGOTTEN =
      new Decision(
          List.of("denied by a verdict whose reasons are not kept any more"), List.of(), List.of());

  private static final Decision UNREAD =
      new Decision(
          List.of("its headers cannot be read to their end; the policy's unparsed: drop"),
          List.of(),
          List.of());
  private static final Decision DETOUR =
      new Decision(
          List.of(
              "it may go elsewhere than to this address (source route, own headers,"
                  + " packet socket), or be bound elsewhere, too; the policy's unparsed: drop"),
          List.of(),
          List.of());

  private final HostNames names;

  Narrator(HostNames names) {
    this.names = names;
  }

  /**
   * Describes one attempt.
   *
   * @param enforced the slots whose denial was carried out
   * @param objecting the slots to name
   * @param decisions what they said, or why they did not; null if that is not known
   * @param latencyNs from the attempt to the verdict; -1 if the kernel answered by itself
   */
  DecisionRecord describe(
      Event event,
      Outcome outcome,
      PolicySet set,
      SlotSet objecting,
      SlotSet enforced,
      SlotDecisions decisions,
      long latencyNs) {
    int flags = event.head().flags();
    boolean fallback = RecordFlag.FALLBACK.in(flags);
    List<Finding> findings = new ArrayList<>();
    objecting.forEach(
        slot -> {
          Decision said = said(slot, decisions, fallback);
          if (said.deny().isEmpty() && outcome != Outcome.ALLOWED) {
            said = unread(event, said);
          }
          findings.add(
              new Finding(
                  set.name(slot),
                  enforced.contains(slot),
                  said.deny(),
                  said.kill(),
                  RecordFlag.BUDGET.in(flags) ? withBudget(said.warn()) : said.warn()));
        });
    return new DecisionRecord(
        0,
        wallTime(event.head().timeNs()),
        outcome,
        event.hook(),
        event.head().access(),
        subject(event),
        object(event),
        List.copyOf(findings),
        fallback,
        RecordFlag.HELD.in(flags),
        latencyNs);
  }

  private static List<String> withBudget(List<String> warn) {
    List<String> all = new ArrayList<>(warn);
    all.add("with this subject a budget is used up");
    return List.copyOf(all);
  }

  /** The kernel denies by itself what it cannot read: no rule says why. */
  private static Decision unread(Event event, Decision said) {
    int flags = event.head().objectFlags();
    return ObjectFlag.UNPARSED.in(flags) ? UNREAD : ObjectFlag.DETOUR.in(flags) ? DETOUR : said;
  }

  private static Decision said(int slot, SlotDecisions decisions, boolean fallback) {
    EvaluationException failure = decisions == null ? null : decisions.failure(slot);
    if (failure != null) {
      return fallback
          ? new Decision(
              List.of(failure.getMessage() + ": its fallback refused"), List.of(), List.of())
          : new Decision(List.of(), List.of(), List.of("no decision: " + failure.getMessage()));
    }
    Decision said = decisions == null || fallback ? null : decisions.get(slot);
    return said != null ? said : fallback ? NO_ANSWER : FORGOTTEN;
  }

  private static Instant wallTime(long bootNs) {
    return Instant.now().minusNanos(Math.max(0, BootClock.nowNs() - bootNs));
  }

  private DecisionRecord.Subject subject(Event event) {
    Event.Subject subject = event.subject();
    if (subject == null) {
      return null;
    }
    byte[] cgroup = names.cgroupPath(subject.cgroup());
    return new DecisionRecord.Subject(
        subject.pid(),
        subject.tid(),
        subject.parentPid(),
        subject.uid(),
        subject.gid(),
        Names.toText(subject.comm()),
        Names.toText(subject.exePath()),
        cgroup == null ? "" : Names.toText(cgroup),
        names.workload(subject.cgroup()),
        subject.labels(),
        subject.context());
  }

  private static String object(Event event) {
    return switch (event) {
      case Event.FileEvent file -> Names.toText(file.path());
      case Event.SocketEvent socket ->
          socket.hook() == Hook.SOCKET_CREATE
              ? InputJson.kind(socket)
              : endpoint(socket.family(), socket.address(), socket.port());
      case Event.SubjectEvent plain -> "";
      case Event.PeerEvent other -> InputJson.meeting(other);
      case Event.PacketEvent packet ->
          endpoint(packet.family(), packet.source(), packet.sourcePort())
              + " > "
              + endpoint(packet.family(), packet.destination(), packet.destinationPort());
    };
  }

  private static String endpoint(int family, byte[] address, int port) {
    try {
      String text = InetAddress.getByAddress(address).getHostAddress();
      return family == 6 ? "[" + text + "]:" + port : text + ":" + port;
    } catch (UnknownHostException e) {
      throw new AssertionError("an address has 16 bytes", e);
    }
  }
}
