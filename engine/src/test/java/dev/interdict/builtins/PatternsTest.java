package dev.interdict.builtins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.re2j.PatternSyntaxException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Go's compiler takes and what not is from {@code regexp/syntax} itself. */
class PatternsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a{1000}",
        "(a{10}){100}",
        "((a{10}){10}){10}",
        "(a{1000}){1}",
        "(a{1000}){0,1}",
        "(a{1000}){0}",
        "((a{1000}){0}){1000}",
        "a{1000}b{1000}(c{1000})*(d{1000}|e{1000})",
        "(a{500}){,500}",
        "(a{500}){5",
        "(a{500}){00500}",
        "[({1000}]{1000}",
        "([]{500}]{2}){500}",
        "([^]{500}]{2}){500}",
        "([[:alpha:]{500}]{2}){500}",
        "([\\]{500}]{2}){500}",
        "(\\x{0500}){500}",
        "(\\Q{500}{500}\\E{2}){500}",
        "\\Q((a{500}){500}",
        "(a\\{500}){500}",
        "a{2}(?i){500}",
        "(?i:a{2}){500}",
        "(?P<name>a{2}){500}",
        "(?:a{500}){0500}",
      })
  void whatGoTakesIsTaken(String pattern) {
    assertEquals(pattern, Patterns.compile(pattern).pattern());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "((a{1000}){1000}){1000}",
        "/((a{500}){500}){500}",
        "(a{500}){3}",
        "(a{500}){2,3}",
        "(a{500}){3,}",
        "(a{500,}){3}",
        "((a{500})*){3}",
        "(?:(?:a{500}|b)?c){3}",
        "(a{0,500}){0,3}",
        "(?P<name>a{500}){3}",
        "(?i:a{500}){3}",
        "a{500}(?i){3}",
        "([]{2}]{500}){3}",
        "(\\Q(\\E{500}){3}",
        "(\\){500}){3}",
        "((a{500}){500}){0}",
        "((a{500}){0,}){3}",
        "(a{1000})*(?i){1000}",
        "a{1000}?(?i){1000}",
        "(?:a{1000})\\Q\\E{1000}",
        "(?:(?:a{1000}){00,0}){1000}",
      })
  void countsWithinCountsHaveGosLimit(String pattern) {
    PatternSyntaxException e =
        assertThrows(PatternSyntaxException.class, () -> Patterns.compile(pattern));
    assertTrue(e.getMessage().contains("counts come to more than 1000"), e.getMessage());
  }

  static Stream<String> tooLarge() {
    return Stream.of(
        "a".repeat(4097), // characters
        "(" + "ab".repeat(100) + "){501}", // steps
        "(" + "[a-z]{100}".repeat(101) + "){10}",
        "(".repeat(301) + "a" + ")*".repeat(301));
  }

  @ParameterizedTest
  @MethodSource("tooLarge")
  void whatTakesTheHeapOrTheStackIsRefused(String pattern) {
    assertThrows(PatternSyntaxException.class, () -> Patterns.compile(pattern));
  }

  @Test
  void aBuiltinRefusesToo() {
    String nested = "(a{500}){500}";
    for (Object[] call :
        new Object[][] {
          {"regex.replace", "x", nested, "y"},
          {"regex.split", nested, "x"},
          {"regex.find_n", nested, "x", 1L},
          {"regex.template_match", "x{" + nested + "}", "x", "{", "}"},
        }) {
      Object[] arguments = Arrays.copyOfRange(call, 1, call.length);
      Builtin builtin = Builtins.find((String) call[0]);
      assertThrows(
          Builtin.BuiltinException.class,
          () -> builtin.apply(arguments, new Moment()),
          (String) call[0]);
    }
  }
}
