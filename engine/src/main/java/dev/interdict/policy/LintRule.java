package dev.interdict.policy;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@code policy lint} looks for. The names are stable: an annotation of a policy can set one
 * aside.
 */
public enum LintRule {
  UNREACHABLE("no event can meet this rule, or this part of it"),
  HOOK("no rule is tried at one of the hooks"),
  SCOPE("a scope that sees nothing or has no effect"),
  LOCKOUT("denies what a host needs to start, to be logged in to, and to be put right"),
  MAINTENANCE("denies what a host needs to be kept up to date and reachable"),
  DENY_UNDECIDED("refuses what nobody has decided, for every process of the host"),
  ALLOW_UNDECIDED("lets pass what nobody has decided, where nobody can wait"),
  NO_BUDGET("enforces without a budget"),
  IDENTITY("a pattern that has only one member"),
  DIRECTORY("a directory is named where files are meant"),
  VALUE("a value or pattern that says something else than it seems to"),
  MERGED_USR("a pattern through /bin, /sbin, /lib or /var/run, which lead elsewhere on most hosts"),
  LINKED_FOLDER("a prefix or pattern through a folder that is a link on this host"),
  NOT_HERE("with --host: a name that nothing has on this host, or that lets nothing through"),
  NAME_ONLY("programs or files are told by the last part of their name"),
  WRITABLE_PROGRAM("a program that users can replace, move or bring along"),
  WRITABLE_PATH("a file where others than root can write: what the path means is for them to say"),
  INTERPRETER("an interpreter is let through, and with it all that it runs"),
  ABSENT_NOT("a negation that is undefined instead of true when a fact is absent"),
  ABSENT_REASON("a reason that takes the denial with it when a fact is absent"),
  EVERY_PROCESS("a fact that makes the kernel ask for every process"),
  NO_ANSWER("an ordinary event that the policy gives no decision about"),
  IGNORE("a rule set aside that is none, or has nothing to say");

  /** The annotation of a policy that sets rules aside, by id, with commas between. */
  public static final String ANNOTATION = "interdict.dev/lint-ignore";

  private final String summary;

  LintRule(String summary) {
    this.summary = summary;
  }

  /** The code of its findings, such as {@code lint.name-only}. */
  public String id() {
    return "lint." + name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  /** What it finds, in a line. */
  public String summary() {
    return summary;
  }

  /** The rule whose findings have this code. */
  static Optional<LintRule> of(String id) {
    return Stream.of(values()).filter(r -> r.id().equals(id)).findFirst();
  }

  static List<String> ids() {
    return Stream.of(values()).map(LintRule::id).toList();
  }
}
