package dev.interdict.delivery;

import dev.interdict.bundle.Algorithm;
import dev.interdict.bundle.BundleException;
import dev.interdict.bundle.Keys;
import dev.interdict.bundle.Trust;
import dev.interdict.bundle.Trust.TrustedKey;
import dev.interdict.delivery.DeliveryConfig.Local;
import dev.interdict.delivery.DeliveryConfig.Location;
import dev.interdict.delivery.DeliveryConfig.Polling;
import dev.interdict.delivery.DeliveryConfig.Remote;
import dev.interdict.delivery.DeliveryConfig.Service;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.delivery.DeliveryConfig.StatusTarget;
import dev.interdict.files.OwnPath;
import dev.interdict.policy.Findings;
import dev.interdict.policy.PolicyException;
import dev.interdict.policy.Section;
import dev.interdict.policy.YamlNode;
import dev.interdict.policy.YamlReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads the file with the bundle sources: YAML with OPA's words, strict, and with all problems in
 * one run.
 */
public final class DeliveryConfigReader {
  private static final String WHY = "who say whose policies this host takes then";

  /* OPA's defaults for servers; a file costs nothing to look at. */
  private static final Polling REMOTE =
      new Polling(Duration.ofSeconds(60), Duration.ofSeconds(120), null);
  private static final Polling LOCAL =
      new Polling(Duration.ofSeconds(2), Duration.ofSeconds(4), null);
  private static final int DEFAULT_PATIENCE_SECONDS = 10;

  private final String file;
  private final Findings findings = new Findings();

  private DeliveryConfigReader(String file) {
    this.file = file;
  }

  /**
   * Reads {@code path}.
   *
   * @throws PolicyException with everything that is wrong with it
   * @throws IOException if it cannot be read, or others can write to it or put another in its place
   */
  public static DeliveryConfig read(Path path) throws PolicyException, IOException {
    byte[] yaml = Files.readAllBytes(OwnPath.resolve(path, WHY));
    return new DeliveryConfigReader(path.getFileName().toString()).parse(yaml);
  }

  private DeliveryConfig parse(byte[] yaml) throws PolicyException {
    DeliveryConfig config = DeliveryConfig.NONE;
    YamlNode root = YamlReader.read(file, yaml, YamlReader.MAX_BYTES, findings);
    if (root != null) {
      Section top =
          Section.of(
              file,
              findings,
              "the file",
              root,
              List.of("labels", "services", "keys", "bundles", "status"));
      config = config(top);
    }
    if (findings.failed()) {
      throw new PolicyException(findings.sorted());
    }
    return config;
  }

  private DeliveryConfig config(Section top) {
    Map<String, Service> services = new HashMap<>();
    for (String name : top.names("services")) {
      services.put(name, service(top.section("services", top.names("services")), name));
    }
    Map<String, TrustedKey> keys = new HashMap<>();
    for (String name : top.names("keys")) {
      TrustedKey key = key(top.section("keys", top.names("keys")), name);
      if (key != null) {
        keys.put(name, key);
      }
    }
    List<Source> sources = new ArrayList<>();
    for (String name : top.names("bundles")) {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")) {
        top.error(
            top.mark("bundles"),
            "yaml.value",
            "\"" + name + "\" is no name for a source: letters, digits, dots and dashes");
      }
      sources.add(source(top.section("bundles", top.names("bundles")), name, services, keys));
    }
    top.require("bundles");
    return new DeliveryConfig(sources, status(top, services), top.stringMap("labels"));
  }

  private Service service(Section services, String name) {
    Section service =
        services.section(
            name,
            List.of("url", "headers", "credentials", "tls", "response_header_timeout_seconds"));
    service.require("url");
    Section bearer =
        service.section("credentials", List.of("bearer")).section("bearer", List.of("token_path"));
    URI url = url(service);
    if (bearer.has("token_path") && url.getScheme().equals("http") && !isOurs(url)) {
      bearer.error(
          bearer.mark("token_path"),
          "bundle.trust",
          "over plain http anybody on the way, or whoever takes the port, could read the token; use"
              + " https, or a port below 1024 on this host");
    }
    return new Service(
        url,
        service.stringMap("headers"),
        path(bearer, "token_path"),
        path(service.section("tls", List.of("ca_cert")), "ca_cert"),
        Duration.ofSeconds(
            service.number("response_header_timeout_seconds", 1, DEFAULT_PATIENCE_SECONDS)));
  }

  private static URI url(Section service) {
    String written = service.string("url", "https://unknown.invalid");
    try {
      URI url = URI.create(written);
      if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
          && url.getHost() != null
          && url.getRawUserInfo() == null
          && url.getRawQuery() == null
          && url.getRawFragment() == null) {
        return url;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    service.error(
        service.mark("url"),
        "yaml.value",
        "\"" + written + "\" is no http or https URL of a host (without user, query and fragment)");
    return URI.create("https://unknown.invalid");
  }

  private static Path path(Section section, String key) {
    String written = section.string(key, null);
    return written == null ? null : Path.of(written);
  }

  private TrustedKey key(Section keys, String name) {
    Section key = keys.section(name, List.of("algorithm", "key", "key_file"));
    String text = key.string("key", null);
    Path from = path(key, "key_file");
    if ((text == null) == (from == null)) {
      key.error(
          keys.mark(name), "yaml.missing-key", "keys." + name + " needs either key or key_file");
      return null;
    }
    String written = key.string("algorithm", "RS256"); // OPA's default
    try {
      Algorithm algorithm = Algorithm.valueOf(written);
      String content = text == null ? Files.readString(OwnPath.resolve(from, WHY)) : text;
      return new TrustedKey(algorithm, Keys.verifying(content.stripTrailing(), algorithm));
    } catch (IllegalArgumentException e) {
      key.error(
          key.mark("algorithm"),
          "yaml.value",
          "\"" + written + "\" is none of " + List.of(Algorithm.values()));
    } catch (IOException e) {
      key.error(key.mark("key_file"), "yaml.value", "cannot read " + from + ": " + e);
    } catch (BundleException e) {
      key.error(keys.mark(name), "yaml.value", "keys." + name + ": " + e.getMessage());
    }
    return null;
  }

  private Source source(
      Section bundles, String name, Map<String, Service> services, Map<String, TrustedKey> keys) {
    Section bundle =
        bundles.section(
            name, List.of("service", "resource", "polling", "signing", "accept_lockout"));
    bundle.require("resource");
    Location location = location(bundle, name, services);
    Trust trust = trust(bundle, keys);
    if (location instanceof Remote remote
        && remote.uri().getScheme().equals("http")
        && !trust.required()
        && !isOurs(remote.uri())) {
      bundle.error(
          bundle.mark("service"),
          "bundle.trust",
          "over plain http and without a key anybody on the way, or whoever takes the port, could"
              + " write this host's policies; use https, or configure keys, or serve it on this host"
              + " at a port below 1024");
    }
    return new Source(
        name,
        location,
        polling(bundle, location instanceof Local ? LOCAL : REMOTE),
        trust,
        bundle.strings("accept_lockout").stream()
            .map(YamlNode.Scalar::text)
            .collect(Collectors.toSet()));
  }

  /** Served on this host, at a port that only root can take. */
  private static boolean isOurs(URI url) {
    String host = url.getHost();
    try {
      return url.getPort() < 1024
          && (host.equals("localhost")
              || (host.matches("[0-9.]+|\\[.*\\]")
                  && InetAddress.getByName(host).isLoopbackAddress()));
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static Location location(Section bundle, String name, Map<String, Service> services) {
    String resource = bundle.string("resource", "bundles/" + name);
    if (resource.startsWith("file:")) {
      if (bundle.has("service")) {
        bundle.error(
            bundle.mark("service"), "yaml.value", "a file has no service; leave one of them out");
      }
      String path = resource.replaceFirst("^file:(//)?", "");
      if (!path.startsWith("/")) {
        bundle.error(
            bundle.mark("resource"),
            "yaml.value",
            "\"" + resource + "\" is no absolute path; write file:///etc/interdict/bundle.tar.gz");
      }
      return new Local(Path.of(path));
    }
    bundle.require("service");
    Service service = services.get(bundle.string("service", ""));
    if (service == null) {
      if (bundle.has("service")) {
        bundle.error(bundle.mark("service"), "yaml.value", "there is no such service");
      }
      return new Local(Path.of("/"));
    }
    try {
      return new Remote(service, service.resolve(resource));
    } catch (IllegalArgumentException e) {
      bundle.error(bundle.mark("resource"), "yaml.value", "\"" + resource + "\" is no path");
      return new Local(Path.of("/"));
    }
  }

  private static Polling polling(Section bundle, Polling usual) {
    Section polling =
        bundle.section(
            "polling",
            List.of("min_delay_seconds", "max_delay_seconds", "long_polling_timeout_seconds"));
    long min = polling.number("min_delay_seconds", 1, usual.min().toSeconds());
    long max = polling.number("max_delay_seconds", 1, Math.max(min, usual.max().toSeconds()));
    if (max < min) {
      polling.error(
          polling.mark("max_delay_seconds"),
          "yaml.value",
          "max_delay_seconds must not be below min_delay_seconds");
    }
    long wait = polling.number("long_polling_timeout_seconds", 1, 0);
    return new Polling(
        Duration.ofSeconds(min),
        Duration.ofSeconds(max),
        wait == 0 ? null : Duration.ofSeconds(wait));
  }

  /**
   * Where there are keys, all bundles must be signed; {@code signing} only says more closely how.
   */
  private static Trust trust(Section bundle, Map<String, TrustedKey> keys) {
    Section signing = bundle.section("signing", List.of("keyid", "scope"));
    String keyId = signing.string("keyid", null);
    if (bundle.has("signing") && keys.isEmpty()) {
      signing.error(
          bundle.mark("signing"), "bundle.trust", "signing needs keys; there are none in the file");
    } else if (keyId != null && !keys.containsKey(keyId)) {
      signing.error(
          signing.mark("keyid"), "bundle.trust", "there is no key \"" + keyId + "\" in keys");
    }
    return new Trust(keys, keyId, signing.string("scope", ""));
  }

  private static StatusTarget status(Section top, Map<String, Service> services) {
    if (!top.has("status")) {
      return null;
    }
    Section status = top.section("status", List.of("service", "partition_name"));
    status.require("service");
    Service service = services.get(status.string("service", ""));
    if (service == null) {
      status.error(status.mark("service"), "yaml.value", "there is no such service");
      return null;
    }
    String partition = status.string("partition_name", "");
    if (!partition.matches("[A-Za-z0-9_.~-]*")) {
      status.error(
          status.mark("partition_name"),
          "yaml.value",
          "\"" + partition + "\" is no part of a path");
      return null;
    }
    return new StatusTarget(
        service, service.resolve(partition.isEmpty() ? "status" : "status/" + partition));
  }
}
