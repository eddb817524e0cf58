package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

class TextTest {
  @Test
  void aHarmlessWordMustStayAsItIs() {
    assertEquals("/usr/bin/größe", Text.word("/usr/bin/größe"));
  }

  @Test
  void blanksAndQuotesMustBeQuoted() {
    assertEquals("\"a b\"", Text.word("a b"));
    assertEquals("\"a\\\"b\\\\\"", Text.word("a\"b\\"));
    assertEquals("\"\"", Text.word(""));
  }

  @Test
  void nothingThatMovesTheCursorOrTurnsTheTextMustSurvive() {
    assertEquals("\"\\u{1b}[2J\\u{7}\\n\\r\\t\"", Text.word("\u001b[2J\u0007\n\r\t"));
    assertEquals("\"\\u{9b}1m\"", Text.word("\u009b1m"));
    assertEquals("\"a\\u{202e}b\\u{2028}\"", Text.word("a\u202eb\u2028"));
    for (int c = 0; c < Character.MAX_CODE_POINT; c++) {
      String shown = Text.line(Character.toString(c)) + Text.word(Character.toString(c));
      int code = c;
      assertFalse(
          shown.chars().anyMatch(x -> x < ' ' || (x >= 0x7f && x < 0xa0) || x == 0x202e),
          () -> "U+%04X".formatted(code));
    }
  }

  @Test
  void aByteThatIsNoUtf8MustShowAsThatByte() {
    assertEquals("\"\\xff\"", Text.word("\uefff"));
    assertEquals("\"\\x80\"", Text.word("\uef80"));
  }
}
