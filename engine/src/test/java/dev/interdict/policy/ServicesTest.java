package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ServicesTest {

  @Test
  void aNameMustStandForOneNumberOnEveryHost() {
    assertEquals(22, Services.port("ssh"));
    assertEquals(27017, Services.port("mongodb"));
    assertNull(Services.port("SSH"));
    assertNull(Services.port("dns"));
  }

  @Test
  void whatPeopleSayMustLeadToTheNameAndItsNumber() {
    assertEquals(
        "\"rdp\" is no service whose port is known; ms-wbt-server is 3389",
        Services.unknown("rdp"));
  }

  @Test
  void theAuthorsPageMustNameThemAll() throws Exception {
    String page = Files.readString(Path.of("../policies/README.md"));
    assertTrue(
        page.replaceAll("\\s+", " ").contains(Services.listed()),
        "policies/README.md has not this list of services:\n" + Services.listed());
  }
}
