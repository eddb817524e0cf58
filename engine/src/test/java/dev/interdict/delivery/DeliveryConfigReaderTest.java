package dev.interdict.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.bundle.TestKeys;
import dev.interdict.delivery.DeliveryConfig.Local;
import dev.interdict.delivery.DeliveryConfig.Remote;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.files.OwnPath;
import dev.interdict.policy.PolicyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeliveryConfigReaderTest {
  @TempDir Path directory;

  @Test
  void aWholeFileMustBeReadAsItIsWritten() throws Exception {
    Path key = Files.writeString(directory.resolve("pub.pem"), TestKeys.RSA.verifying());
    DeliveryConfig config =
        read(
            """
            labels: {region: eu}
            services:
              control:
                url: https://bundles.example.com/base/
                headers: {X-Team: red}
                response_header_timeout_seconds: 7
                credentials: {bearer: {token_path: /etc/interdict/token}}
                tls: {ca_cert: /etc/interdict/ca.pem}
            keys:
              prod: {algorithm: RS256, key_file: %s}
              old:
                algorithm: HS256
                key: a secret of the tests, 32 bytes or more
            bundles:
              fleet:
                service: control
                resource: bundles/fleet.tar.gz
                polling: {min_delay_seconds: 10, max_delay_seconds: 20, long_polling_timeout_seconds: 30}
                signing: {keyid: prod, scope: write}
                accept_lockout: [no-shells]
              local:
                resource: file:///etc/interdict/local.tar.gz
            status: {service: control, partition_name: team}
            """
                .formatted(key));

    Source fleet = config.sources().getFirst();
    Remote remote = (Remote) fleet.location();
    assertEquals("https://bundles.example.com/base/bundles/fleet.tar.gz", remote.uri().toString());
    assertEquals(Duration.ofSeconds(7), remote.service().patience());
    assertEquals("/etc/interdict/token", remote.service().token().toString());
    assertEquals("/etc/interdict/ca.pem", remote.service().authorities().toString());
    assertEquals(Duration.ofSeconds(30), fleet.polling().longPoll());
    assertEquals("prod", fleet.trust().keyId());
    assertEquals("write", fleet.trust().scope());
    assertEquals(Set.of("no-shells"), fleet.lockouts());
    Source local = config.sources().getLast();
    assertEquals(new Local(Path.of("/etc/interdict/local.tar.gz")), local.location());
    assertEquals(Duration.ofSeconds(2), local.polling().min());
    assertTrue(local.trust().required()); // there are keys: nobody is trusted without one
    assertNull(local.trust().keyId());
    assertEquals("https://bundles.example.com/base/status/team", config.status().uri().toString());
    assertEquals("eu", config.labels().get("region"));
  }

  @Test
  void theShortestFileMustBeEnough() throws Exception {
    DeliveryConfig config =
        read(
            """
            services: {control: {url: "http://127.0.0.1:800"}}
            bundles: {fleet: {service: control, resource: fleet.tar.gz}}
            """);

    Source fleet = config.sources().getFirst();
    assertEquals(Duration.ofMinutes(1), fleet.polling().min());
    assertEquals(Duration.ofMinutes(2), fleet.polling().max());
    assertNull(fleet.polling().longPoll());
    assertFalse(fleet.trust().required());
    assertNull(config.status());
  }

  @Test
  void everythingThatIsWrongMustBeSaidAtOnceWithItsPlace() {
    PolicyException wrong =
        assertThrows(
            PolicyException.class,
            () ->
                read(
                    """
                    services:
                      a: {url: "ftp://x"}
                      b: {url: "https://user@x", tsl: {}}
                    keys:
                      none: {algorithm: none, key: x}
                      weak: {algorithm: HS256, key: short}
                      confused: {algorithm: HS256, key: "-----BEGIN PUBLIC KEY-----"}
                      empty: {}
                      gone: {key_file: /no/such/key}
                    bundles:
                      fleet: {service: c, resource: x, signing: {keyid: other}}
                      relative: {resource: "file://x"}
                      nothing: {}
                      both: {service: a, resource: "file:///x", persist: true}
                      turned: {service: a, resource: x, polling: {min_delay_seconds: 5, max_delay_seconds: 4}}
                    status: {service: d}
                    """));

    for (String expected :
        new String[] {
          "bundles.yaml:2:7: \"ftp://x\" is no http or https URL",
          "\"https://user@x\" is no http or https URL",
          "unknown key \"tsl\" in services.b; did you mean \"tls\"?",
          "\"none\" is none of [HS256, RS256, ES256]",
          "keys.weak: the secret has less than 32 bytes",
          "keys.confused: HS256 needs a secret, and this is a PEM key",
          "keys.empty needs either key or key_file",
          "cannot read /no/such/key",
          "there is no such service",
          "\"file://x\" is no absolute path",
          "bundles.nothing needs the key \"resource\"",
          "unknown key \"persist\"",
          "a file has no service",
          "max_delay_seconds must not be below",
        }) {
      assertTrue(wrong.getMessage().contains(expected), expected + "\n" + wrong.getMessage());
    }
  }

  @Test
  void plainHttpMustHaveAKeyUnlessItStaysOnTheHost() throws Exception {
    String file =
        """
        services: {control: {url: "http://%s"}}
        bundles: {fleet: {service: control, resource: fleet.tar.gz}}
        """;
    for (String host : new String[] {"127.0.0.1", "localhost:80", "[::1]:80"}) {
      read(file.formatted(host));
    }
    for (String host :
        new String[] {
          "bundles.example.com", "10.0.0.1", "localhost.evil.com", "127.0.0.1:1024", "[::1]:8080"
        }) {
      PolicyException refused =
          assertThrows(PolicyException.class, () -> read(file.formatted(host)), host);
      assertTrue(refused.getMessage().contains("use https, or configure keys"));
    }
    String token = file.replace("\"}}", "\", credentials: {bearer: {token_path: /t}}}}");
    read(token.formatted("127.0.0.1"));
    for (String host : new String[] {"10.0.0.1", "127.0.0.1:8080"}) {
      PolicyException open =
          assertThrows(PolicyException.class, () -> read(token.formatted(host)), host);
      assertTrue(open.getMessage().contains("could read the token"), open.getMessage());
    }
    String key =
        "keys: {k: {algorithm: HS256, key: \"a secret of the tests, 32 bytes or more\"}}\n";
    read(key + file.formatted("10.0.0.1"));
    PolicyException unknown =
        assertThrows(
            PolicyException.class,
            () ->
                read(
                    file.formatted("127.0.0.1").replace("fleet.tar.gz", "f, signing: {keyid: k}")));
    assertTrue(unknown.getMessage().contains("signing needs keys"), unknown.getMessage());
  }

  /** Who can write there says whose policies are taken. */
  @Test
  void aFileOrAKeyThatOthersCanWriteToMustBeRefused() throws Exception {
    Path key = Files.writeString(directory.resolve("key"), "a secret of many bytes, more than 32");
    String yaml =
        "keys: {k: {algorithm: HS256, key_file: %s}}\nbundles: {b: {resource: \"file:///b\"}}\n"
            .formatted(key);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertEquals(1, read(yaml).sources().size());
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-rw-r--"));
    PolicyException refused = assertThrows(PolicyException.class, () -> read(yaml));
    assertTrue(
        refused.getMessage().contains(key + " can be written to by others"), refused::getMessage);

    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    Path file = directory.resolve("bundles.yaml");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    assertThrows(OwnPath.NotOwnException.class, () -> DeliveryConfigReader.read(file));
  }

  private DeliveryConfig read(String yaml) throws PolicyException, IOException {
    Path file = Files.writeString(directory.resolve("bundles.yaml"), yaml);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return DeliveryConfigReader.read(file);
  }
}
