package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RegoTextsTest {

  private static List<List<String>> pieces(String module) {
    return RegoTexts.in(module).stream().map(RegoTexts.Text::pieces).toList();
  }

  @Test
  void textsOfEveryKindMustBeReadAndCommentsPassedOver() {
    assertEquals(
        List.of(
            List.of("a \"b\"\n"),
            List.of("c\\d # no comment"),
            List.of("e ", " f ", ""),
            List.of("it is ", " of ", " %"),
            List.of("g")),
        pieces(
            """
            # "this is a comment", and `this`
            x := "a \\"b\\"\\n" # "y"
            y := `c\\d # no comment`
            z := $"e {input.file.path} f {concat("}", {"a"})}"
            p := sprintf("it is %s of %-5d %", [1])
            q := "g"
            r := "never closed
            """));
  }

  @Test
  void aTextMustMatchWhatFillingItInCanGive() {
    List<String> pieces = List.of("no ", " for ", "!");
    assertTrue(RegoTexts.matches(pieces, "no /etc/x for for me!"));
    assertTrue(RegoTexts.matches(pieces, "no  for !"));
    assertFalse(RegoTexts.matches(pieces, "no /etc/x"));
    assertFalse(RegoTexts.matches(pieces, "no for !"));
    assertFalse(RegoTexts.matches(List.of("aa", "aa"), "aaa"));
    assertFalse(RegoTexts.matches(List.of("a"), "ab"));
  }

  /** As long as a licence, a table or a story, and as deep as somebody's joke. */
  @Test
  void noLengthAndNoDepthMustStopTheReading() {
    String head =
        "package interdict.policies.p\n\ndeny contains \"no x\" if input.file.path == data.p\n\n";
    for (String rest :
        List.of(
            "# a long note about this policy, its history and its owner\n".repeat(20_000),
            "t := `" + "raw ".repeat(200_000) + "`\n",
            "deny contains \"" + "long ".repeat(200_000) + "\"\n",
            "t := " + "[".repeat(200_000) + "]".repeat(200_000) + "\n",
            "t := $\"" + "{".repeat(200_000))) {
      ParsedPolicy parsed =
          PolicyParser.parse(
              Sources.folder(
                  "policy.yaml",
                  """
                  apiVersion: interdict.dev/v1
                  kind: Policy
                  metadata: {name: p}
                  spec: {hooks: [file_open], data: {p: /a}}
                  """,
                  "p.rego",
                  head + rest));
      assertEquals(List.of(), parsed.diagnostics());
      assertEquals(
          "p.rego:3:1: it says so [lint.lockout]",
          parsed.notes().about("no x", LintRule.LOCKOUT, "it says so").toString());
    }
  }
}
