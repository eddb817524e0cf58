package dev.interdict.builtins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
  @ParameterizedTest
  @CsvSource({
    "/usr/bin/*, /usr/bin/curl, true",
    "/usr/bin/*, /usr/bin/x/curl, false",
    "/usr/**, /usr/bin/x/curl, true",
    "**/curl, /usr/bin/curl, true",
    "**/curl, /usr/bin/curly, false",
    "/usr/*/c?rl, /usr/bin/curl, true",
    "/usr/*/c?rl, /usr/bin/c/rl, false",
    "/a*b*c, /axxbxxbyyc, true",
    "/a.c, /abc, false",
    "*, '', true",
    "'', '', true",
    "'', x, false",
    "/a?c, /a\uD83D\uDE00c, true",
    "/a?c, /a/c, false",
    "/\\*, /\\b, true",
    "/\\E*, /x, false",
  })
  void aPatternMustMatchTheWholePath(String pattern, String path, boolean expected) {
    assertEquals(expected, new Glob(pattern).matches(path));
  }

  @ParameterizedTest
  @CsvSource({
    "/user.slice/**/app-*, /user.slice/a/b/app-x, true",
    "/user.slice/**/app-*, /user.slice/a/b/app-x/below/it, true",
    "/user.slice/**/app-*, /user.slice/a/b/apps, false",
    "/web, /web, true",
    "/web, /web/1, true",
    "/web, /web1, false",
    "/web, /other/web, false",
    "/web/*, /web, false",
  })
  void aFolderStandsForAllBelowIt(String pattern, String path, boolean expected) {
    assertEquals(expected, new Glob(pattern).matchesOrAbove(path));
  }

  @Test
  @Timeout(60) // exponential would take longer than there is
  void manyStarsMustNotTakeExponentialTime() {
    Glob glob = new Glob("*a".repeat(200) + "b");
    String path = "a".repeat(4096);

    assertEquals(false, glob.matches(path));
  }

  @Test
  void aPatternThatIsTooLongMustBeRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Glob("a".repeat(Glob.MAX_LENGTH + 1)));
  }
}
