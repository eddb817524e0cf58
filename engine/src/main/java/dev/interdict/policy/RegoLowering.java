package dev.interdict.policy;

import dev.interdict.event.Hook;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Turns YAML rules into Rego, so that there is one evaluator and one meaning. The text is what
 * {@code interdict policy show --rego} prints: formatted as {@code opa fmt} does it.
 *
 * <p>A comparison becomes one expression that is undefined, hence false, if its fact is absent.
 * Negation becomes {@code not}, which is true then. What cannot be negated in place, and each
 * {@code any}, becomes a helper rule beside it.
 */
final class RegoLowering {
  private final StringBuilder text = new StringBuilder();
  private final List<Mark> marks = new ArrayList<>();

  private RegoLowering() {}

  /**
   * Rego with its origin.
   *
   * @param marks for each line, where in the YAML file it comes from
   */
  record Lowered(String rego, List<Mark> marks) {}

  /** The Rego package of a policy. */
  static String packageOf(String policy) {
    return "interdict.policies." + policy.replace('-', '_');
  }

  /**
   * Lowers {@code rules}.
   *
   * @param file the YAML file, for comments
   * @param hooks all hooks of the policy
   */
  static Lowered lower(String file, String policy, Set<Hook> hooks, List<Rule> rules) {
    RegoLowering lowering = new RegoLowering();
    lowering.line(Mark.START, "package " + packageOf(policy));
    for (int i = 0; i < rules.size(); i++) {
      Rule rule = rules.get(i);
      lowering.line(rule.at(), "");
      lowering.line(rule.at(), "# " + file + ":" + rule.at().line());
      lowering.rule(rule, !rule.hooks().equals(hooks), "_rule" + (i + 1) + "_");
    }
    return new Lowered(lowering.text.toString(), List.copyOf(lowering.marks));
  }

  private void rule(Rule rule, boolean guarded, String prefix) {
    RegoBody.Helpers helpers = new RegoBody.Helpers(prefix);
    RegoBody body = new RegoBody(helpers);
    if (guarded) {
      body.add(rule.at(), hookGuard(rule.hooks()));
    }
    body.add(rule.when());
    block(rule.at(), rule.kind().key() + " contains " + RegoText.reason(rule.reason()), body);
    for (RegoBody.Helper helper : helpers.list()) {
      line(helper.at(), "");
      RegoBody.Line first = helper.body().lines().getFirst();
      if (helper.body().lines().size() == 1 && first.expression().indexOf('\n') < 0) {
        line(first.at(), helper.name() + " if " + first.expression());
      } else {
        block(helper.at(), helper.name(), helper.body());
      }
    }
  }

  private void block(Mark at, String head, RegoBody body) {
    line(at, head + " if {");
    for (RegoBody.Line line : body.lines()) {
      line(line.at(), "\t" + line.expression().replace("\n", "\n\t"));
    }
    line(at, "}");
  }

  private void line(Mark at, String line) {
    for (String part : line.split("\n", -1)) {
      text.append(part).append('\n');
      marks.add(at);
    }
  }

  private static String hookGuard(Set<Hook> applicable) {
    List<String> ids = applicable.stream().map(Hook::id).toList();
    return ids.size() == 1
        ? "input.hook == " + RegoText.quote(ids.getFirst())
        : "input.hook in " + RegoText.set("input.hook in ", ids, RegoText::quote);
  }
}
