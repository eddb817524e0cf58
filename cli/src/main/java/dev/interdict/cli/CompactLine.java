package dev.interdict.cli;

import dev.interdict.v1.Decision;
import dev.interdict.v1.PolicyFinding;
import dev.interdict.v1.Subject;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A decision as one line in a fixed order, for eyes and for {@code cut}: time, answer, hook, who,
 * what of, why, and its number. What a process chose is quoted and escaped.
 */
final class CompactLine {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
  private static final DateTimeFormatter DAY_AND_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);

  private final Style style;

  CompactLine(Style style) {
    this.style = style;
  }

  String of(Decision decision) {
    List<String> words = new ArrayList<>();
    words.add(time(Trees.instant(decision.getTime())));
    words.add(answer(decision));
    words.add("%-14s".formatted(Text.word(decision.getHook())));
    if (decision.hasSubject()) {
      words.add(who(decision.getSubject()));
      words.add(style.symbol("→", "->"));
    }
    words.add(decision.getObject().isEmpty() ? "?" : Text.word(decision.getObject()));
    for (PolicyFinding finding : decision.getFindingsList()) {
      words.add("policy=" + Text.word(finding.getPolicy()));
      reasons(finding).forEach(reason -> words.add("\"" + Text.line(reason) + "\""));
    }
    if (decision.getFallback()) {
      words.add("(fallback: no decision in time)");
    }
    if (decision.getFindingsCount() > 0) { // the engine keeps it, to be asked why
      words.add("#" + Long.toUnsignedString(decision.getId()));
    }
    return String.join(" ", words);
  }

  /** Of another day with the day. */
  private static String time(Instant instant) {
    ZonedDateTime time = instant.atZone(ZoneId.systemDefault());
    boolean today = time.toLocalDate().equals(LocalDate.now(time.getZone()));
    return time.format(today ? TIME : DAY_AND_TIME);
  }

  String lost(long count) {
    return style.yellow("! LOST  " + count + " decisions: this watcher did not keep up");
  }

  private String answer(Decision decision) {
    return switch (decision.getOutcome()) {
      case OUTCOME_DENIED -> style.red(style.symbol("✗", "x") + " DENY ");
      case OUTCOME_WOULD_DENY -> style.yellow("~ AUDIT");
      case OUTCOME_ALLOWED -> style.green(style.symbol("✔", "+") + " ALLOW");
      case OUTCOME_UNSPECIFIED, UNRECOGNIZED -> "? ?    ";
    };
  }

  private static String who(Subject subject) {
    return "%s[%d] uid=%d %s"
        .formatted(
            Text.word(subject.getComm()),
            subject.getPid(),
            Integer.toUnsignedLong(subject.getUid()),
            subject.getExe().isEmpty() ? "?" : Text.word(subject.getExe()));
  }

  private static List<String> reasons(PolicyFinding finding) {
    List<String> reasons = new ArrayList<>(finding.getDenyList());
    reasons.addAll(finding.getKillList());
    reasons.addAll(finding.getWarnList());
    return reasons;
  }
}
