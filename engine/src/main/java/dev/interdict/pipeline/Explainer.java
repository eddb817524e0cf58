package dev.interdict.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.Explanation;
import dev.interdict.decisions.Explanation.Answer;
import dev.interdict.decisions.Explanation.Asked;
import dev.interdict.decisions.Explanation.Held;
import dev.interdict.decisions.Explanation.Said;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.InputJson;
import dev.interdict.eval.PolicySet;
import dev.interdict.event.Event;
import dev.interdict.event.Names;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.BootClock;
import dev.interdict.verdict.Verdict;
import dev.interdict.verdict.VerdictKey;
import dev.interdict.verdict.VerdictTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Tells what a decision rests on, by what is in force now. Safe for use by many threads. */
final class Explainer {
  private final VerdictTable verdicts;
  private final HostNames names;
  private volatile PolicySet set;

  Explainer(VerdictTable verdicts, HostNames names) {
    this.verdicts = verdicts;
    this.names = names;
  }

  void use(PolicySet next) {
    set = next;
  }

  Explanation explain(Kept kept) {
    PolicySet now = set;
    Event event = kept.event();
    List<Asked> asked = new ArrayList<>();
    for (int i = 0; i < kept.record().findings().size(); i++) {
      asked.add(asked(now, kept.record().findings().get(i).policy(), kept.digests().get(i), kept));
    }
    VerdictKey key = VerdictKey.of(event.head().key());
    SlotSet asking = isUnread(event) ? passing(now, event) : now.slots();
    if (asking.isEmpty() && isUnread(event)) {
      return new Explanation(kept.record(), asked, Held.UNREAD, List.of(), null);
    }
    if (!verdicts.isCurrent(key)) {
      return new Explanation(kept.record(), asked, Held.OTHER_KEYS, List.of(), null);
    }
    Verdict verdict = verdicts.get(key);
    long nowNs = BootClock.nowNs();
    if (verdict == null || !verdict.holds(nowNs)) {
      return new Explanation(kept.record(), asked, Held.NOTHING, List.of(), null);
    }
    return new Explanation(
        kept.record(),
        asked,
        Held.VERDICT,
        answers(now, event, verdict, asking),
        verdict.expiresNs() == 0 ? null : Duration.ofNanos(verdict.expiresNs() - nowNs));
  }

  private static boolean isUnread(Event event) {
    int flags = event.head().objectFlags();
    return ObjectFlag.UNPARSED.in(flags) || ObjectFlag.DETOUR.in(flags);
  }

  /**
   * The policies that are asked about what others cannot read. So are those of which only the
   * engine knows whom they cover.
   */
  private SlotSet passing(PolicySet now, Event event) {
    SlotSet[] passing = {SlotSet.NONE};
    now.slots()
        .forEach(
            slot -> {
              PolicySet.Where where = now.where(slot);
              boolean judged = where.scope().isJudged() && event.subject() != null;
              if ((judged || where.passesUnread().contains(event.hook()))
                  && mayCover(now, slot, event)) {
                passing[0] = passing[0].with(slot);
              }
            });
    return passing[0];
  }

  private boolean mayCover(PolicySet now, int slot, Event event) {
    return !Boolean.FALSE.equals(now.where(slot).covers(event, names));
  }

  /** The others refuse by themselves what they cannot read. */
  private List<Answer> answers(PolicySet now, Event event, Verdict verdict, SlotSet asking) {
    List<Answer> answers = new ArrayList<>();
    now.slots()
        .forEach(
            slot -> {
              if (mayCover(now, slot, event)) {
                Said said = asking.contains(slot) ? said(verdict, slot) : Said.DENY;
                answers.add(new Answer(slot, now.name(slot), said));
              }
            });
    return answers;
  }

  private static Said said(Verdict verdict, int slot) {
    if (verdict.kill().contains(slot)) {
      return Said.KILL;
    }
    if (verdict.deny().contains(slot)) {
      return Said.DENY;
    }
    if (verdict.decided().contains(slot)) {
      return Said.PASS;
    }
    return verdict.cannot().contains(slot) ? Said.NO_ANSWER : Said.NOT_ASKED;
  }

  private Asked asked(PolicySet now, String policy, String digest, Kept kept) {
    int slot = slot(now, policy);
    if (slot < 0) {
      return new Asked(policy, -1, false, List.of());
    }
    Event.Subject acting = kept.event().subject();
    HostNames then =
        new NamesOfThen(names, kept.record().subject(), acting == null ? 0 : acting.cgroup());
    return new Asked(
        policy,
        slot,
        now.digest(slot).equals(digest),
        now.shown(slot, kept.event()).stream()
            .map(reading -> new String(InputJson.write(reading, then), UTF_8))
            .toList());
  }

  private static int slot(PolicySet set, String policy) {
    List<Integer> found = new ArrayList<>();
    set.slots()
        .forEach(
            slot -> {
              if (set.name(slot).equals(policy)) {
                found.add(slot);
              }
            });
    return found.isEmpty() ? -1 : found.getFirst();
  }

  /** The cgroup of who acted may be gone by now; the decision has what it was called. */
  private record NamesOfThen(HostNames now, DecisionRecord.Subject subject, long acting)
      implements HostNames {
    @Override
    public byte[] cgroupPath(long id) {
      return subject == null || subject.cgroup().isEmpty() || id != acting
          ? now.cgroupPath(id)
          : Names.toBytes(subject.cgroup());
    }

    @Override
    public Workload workload(long cgroup) {
      return subject == null || !subject.workload().told()
          ? now.workload(cgroup)
          : subject.workload();
    }

    @Override
    public byte[] interfaceName(int index) {
      return now.interfaceName(index);
    }

    @Override
    public long owner(long user) {
      return now.owner(user);
    }

    @Override
    public Set<String> fileNames(int number) {
      return now.fileNames(number);
    }
  }
}
