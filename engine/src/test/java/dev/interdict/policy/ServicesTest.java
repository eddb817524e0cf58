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

  /** Rego reads data as it stands, so a name in it would never be equal to a port. */
  @Test
  void aNameInDataMustBeRefusedWithItsNumber() {
    PolicySource source =
        Sources.folder(
            "policy.yaml",
            """
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: t}
            spec:
              hooks: [socket_connect]
              rules:
                - deny: {socket.port: {in: {data: ports}}}
                  reason: no
            """,
            "data.json",
            "{\"ports\": [443, \"ssh\"]}");
    assertEquals(
        "data.ports[1]: socket.port is a whole number, not \"ssh\"; names stand for ports in rules"
            + " only: write 22",
        PolicyParser.parse(source).diagnostics().getFirst().message());
  }

  @Test
  void theAuthorsPageMustNameThemAll() throws Exception {
    String page = Files.readString(Path.of("../policies/README.md"));
    assertTrue(
        page.replaceAll("\\s+", " ").contains(Services.listed()),
        "policies/README.md has not this list of services:\n" + Services.listed());
  }
}
