package dev.interdict.decisions;

import dev.interdict.event.Context;
import dev.interdict.event.Hook;
import dev.interdict.event.Workload;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * One attempt and its answer, as told to people. Names are escaped to text ({@code event.Names})
 * but not for a terminal: they may hold control characters.
 *
 * @param id rises by one per record; the log sets it
 * @param time when the attempt was made
 * @param access bits of {@link dev.interdict.event.Access}
 * @param subject who tried; null for a packet
 * @param object a path, {@code address:port}, for a packet {@code source > destination}; empty if
 *     unknown
 * @param findings the policies that object or warn
 * @param fallback whether no decision came in time
 * @param held whether the task waited for the decision
 * @param latencyNs from the attempt to the verdict in the kernel, in nanoseconds; -1 if the kernel
 *     answered by itself
 */
public record DecisionRecord(
    long id,
    Instant time,
    Outcome outcome,
    Hook hook,
    int access,
    Subject subject,
    String object,
    List<Finding> findings,
    boolean fallback,
    boolean held,
    long latencyNs) {

  /** The record, its subject and their strings without characters; a finding and its lists. */
  private static final long BYTES = 512;

  private static final long BYTES_A_FINDING = 160;

  private static final long BYTES_A_TEXT = 64;

  /** What became of the attempt. */
  public enum Outcome {
    /** Decided, and no policy objects. */
    ALLOWED,
    /** Refused. */
    DENIED,
    /** A policy objects, but nothing was refused: audit, a tripped budget, a decision behind. */
    WOULD_DENY;

    /** As logs have it, such as {@code would_deny}. */
    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * The acting task. Ids are those of the initial namespaces.
   *
   * @param exe path of the executable; empty if unknown
   * @param cgroup path below the cgroup v2 root; empty if unknown
   * @param comm the name the task gave itself; for display only
   * @param workload whose its cgroup is
   * @param labels that policies have set on the process
   * @param context the state it was in
   */
  public record Subject(
      int pid,
      int tid,
      int parentPid,
      int uid,
      int gid,
      String comm,
      String exe,
      String cgroup,
      Workload workload,
      List<String> labels,
      Context context) {

    /** One without labels, in no particular state. */
    public Subject(
        int pid,
        int tid,
        int parentPid,
        int uid,
        int gid,
        String comm,
        String exe,
        String cgroup,
        Workload workload) {
      this(pid, tid, parentPid, uid, gid, comm, exe, cgroup, workload, List.of(), Context.NONE);
    }
  }

  /**
   * What one policy said.
   *
   * @param enforced whether its denial was carried out
   */
  public record Finding(
      String policy, boolean enforced, List<String> deny, List<String> kill, List<String> warn) {}

  /** About what it occupies, in bytes. */
  public long bytes() {
    long bytes = BYTES + 2L * object.length();
    if (subject != null) {
      bytes += 2L * (subject.comm.length() + subject.exe.length() + subject.cgroup.length());
      bytes += texts(subject.labels);
    }
    for (Finding finding : findings) {
      bytes += BYTES_A_FINDING;
      bytes += texts(finding.deny) + texts(finding.kill) + texts(finding.warn);
    }
    return bytes;
  }

  private static long texts(List<String> reasons) {
    return reasons.stream().mapToLong(reason -> BYTES_A_TEXT + 2L * reason.length()).sum();
  }

  /** The same with another id. */
  DecisionRecord withId(long newId) {
    return new DecisionRecord(
        newId, time, outcome, hook, access, subject, object, findings, fallback, held, latencyNs);
  }
}
