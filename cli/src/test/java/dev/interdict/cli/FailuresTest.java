package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private static final String NAME = "user.name";
  private final String me = System.getProperty(NAME);

  @AfterEach
  void again() {
    System.setProperty(NAME, me);
  }

  private static String hint(String user, String reason) {
    System.setProperty(NAME, user);
    return Failures.byHost("it failed", reason, "look elsewhere").hint();
  }

  @Test
  void whoIsRootMustNotBeToldToBeRoot() {
    assertEquals("run it as root", hint("ann", "/x: permission denied"));
    assertEquals("look elsewhere", hint("ann", "/x: no space left"));
    assertEquals("look elsewhere", hint("root", "/x: permission denied"));
  }
}
