package dev.interdict.policy;

import dev.interdict.event.Hook;
import dev.interdict.policy.Policy.Fallback;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.policy.Policy.OnMiss;
import dev.interdict.policy.Rule.ReasonPart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What {@code policy lint} has to know of the YAML document beyond the policy itself: which of its
 * rules are set aside, which line a denial comes from, and what is doubtful about the settings.
 */
public final class LintNotes {
  /** The code of what a trial finds. */
  public static final String NO_ANSWER = "policy.no-answer";

  private static final Pattern HEAD = Pattern.compile("(?m)^(deny|kill) contains ");

  /** Shorter texts of Rego are names and arguments more often than reasons. */
  private static final int REASON_MIN = 3;

  private final String file;
  private final Map<String, Mark> ignored = new TreeMap<>();
  private final Set<String> used = new TreeSet<>();
  private final List<Diagnostic> unknown = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private final List<Diagnostic> settings = new ArrayList<>();
  private List<LinkedFolders.Folder> folders = List.of();
  private Mark hooks = Mark.START;

  /**
   * The reasons of one rule, and where it stands.
   *
   * @param reasons what is written between the facts
   */
  private record Place(List<String> reasons, String file, Mark at) {}

  LintNotes(String file) {
    this.file = file;
  }

  /** Folders that YAML rules say paths begin with: {@link LinkedFolders#here}. */
  public List<LinkedFolders.Folder> folders() {
    return folders;
  }

  void folders(List<LinkedFolders.Folder> read) {
    folders = read;
  }

  /** What is doubtful about the settings of {@code spec}. */
  public List<Diagnostic> settings() {
    return settings;
  }

  /** Those of {@code findings} that are not set aside. */
  public List<Diagnostic> keep(List<Diagnostic> findings) {
    List<Diagnostic> kept = new ArrayList<>();
    for (Diagnostic finding : findings) {
      if (ignored.containsKey(finding.code())) {
        used.add(finding.code());
      } else {
        kept.add(finding);
      }
    }
    return kept;
  }

  /** Rules set aside that are none, or that have not kept anything back until now. */
  public List<Diagnostic> idle() {
    List<Diagnostic> idle = new ArrayList<>(unknown);
    ignored.forEach(
        (id, at) -> {
          if (!used.contains(id)) {
            idle.add(warning(LintRule.IGNORE, at, id + " has nothing to say here: remove it"));
          }
        });
    return idle;
  }

  /** A finding about the rule that gave this reason. */
  public Diagnostic about(String reason, LintRule rule, String message) {
    for (Place place : places) {
      if (RegoTexts.matches(place.reasons(), reason)) {
        return warning(rule, place.file(), place.at(), message);
      }
    }
    return warning(rule, hooks, message);
  }

  /** A policy that compiles and cannot be enforced; {@code problem} says why, and what to do. */
  public Diagnostic unfit(String problem) {
    return new Diagnostic(
        Diagnostic.Severity.ERROR, file, hooks.line(), hooks.column(), NO_ANSWER, problem);
  }

  void metadata(Section metadata) {
    metadata.stringMap("annotations");
    if (metadata.node("annotations") instanceof YamlNode.Mapping mapping) {
      for (YamlNode.Entry entry : mapping.entries()) {
        if (entry.key().equals(LintRule.ANNOTATION) && entry.value().value() instanceof String s) {
          ignore(s, entry.value().at());
        }
      }
    }
  }

  private void ignore(String ids, Mark at) {
    for (String id : ids.strip().split("[,\\s]+", -1)) {
      if (LintRule.of(id).isPresent()) {
        ignored.put(id, at);
      } else {
        String problem = "\"" + id + "\" is no rule of lint" + Suggest.among(id, LintRule.ids());
        unknown.add(warning(LintRule.IGNORE, at, problem));
      }
    }
  }

  void rules(List<Rule> rules) {
    for (Rule rule : rules) {
      List<String> pieces = new ArrayList<>(List.of(""));
      for (ReasonPart part : rule.reason()) {
        switch (part) {
          case ReasonPart.Text text ->
              pieces.set(pieces.size() - 1, pieces.getLast() + text.text());
          case ReasonPart.Fact fact -> pieces.add("");
        }
      }
      places.add(new Place(List.copyOf(pieces), file, rule.at()));
    }
  }

  /** A reason of Rego belongs to the last head above it. */
  void rego(Map<String, String> modules) {
    modules.forEach(
        (name, module) -> {
          List<Integer> heads = HEAD.matcher(module).results().map(MatchResult::start).toList();
          int next = 0;
          int line = 1;
          int counted = 0;
          for (RegoTexts.Text text : RegoTexts.in(module)) {
            for (; next < heads.size() && heads.get(next) < text.offset(); next++) {
              int head = heads.get(next);
              line += (int) module.substring(counted, head).chars().filter(c -> c == '\n').count();
              counted = head;
            }
            if (next > 0 && text.length() >= REASON_MIN) {
              places.add(new Place(text.pieces(), name, new Mark(line, 1)));
            }
          }
        });
  }

  void spec(Section spec, Policy policy) {
    hooks = spec.mark("hooks");
    if (policy.mode() == Mode.ENFORCE && policy.budget() == null) {
      settings.add(
          warning(
              LintRule.NO_BUDGET,
              spec.mark("mode"),
              "enforces without a budget: a wrong rule refuses without end. With spec.budget, such as"
                  + " {subjects: 10, window: 1m}, the kernel itself stops enforcing it"));
    }
    if (policy.mode() == Mode.ENFORCE
        && policy.onMiss() == OnMiss.HOLD
        && policy.fallback() == Fallback.ALLOW
        && policy.hooks().stream().anyMatch(Hook::isPeer)) {
      settings.add(
          warning(
              LintRule.ALLOW_UNDECIDED,
              hooks,
              "nobody can wait for an answer about a signal to a group, nor about most looks into a"
                  + " process: the first of each kind passes, which is all that SIGKILL needs. With"
                  + " fallback: deny it is refused, and decided behind"
                  + (policy.scope().isJudged() ? ": name cgroups without patterns for that" : "")));
    }
    boolean files = policy.hooks().stream().anyMatch(Hook::isFile);
    if (!policy.scope().isWholeHost() || !files) {
      return;
    }
    if (policy.fallback() == Fallback.DENY) {
      undecided(
          spec.mark("fallback"),
          "fallback: deny refuses whatever could not be decided in time, for every process: with the"
              + " engine lost nobody can log in to put it right");
    }
    if (policy.onMiss() == OnMiss.DENY) {
      undecided(
          spec.mark("onMiss"),
          "onMiss: deny refuses the first event of each kind, for every process");
    }
  }

  private void undecided(Mark at, String message) {
    String remedy = ". Name the cgroups it is for in spec.scope, or write allow";
    settings.add(warning(LintRule.DENY_UNDECIDED, at, message + remedy));
  }

  private Diagnostic warning(LintRule rule, Mark at, String message) {
    return warning(rule, file, at, message);
  }

  private static Diagnostic warning(LintRule rule, String file, Mark at, String message) {
    return new Diagnostic(
        Diagnostic.Severity.WARNING, file, at.line(), at.column(), rule.id(), message);
  }
}
