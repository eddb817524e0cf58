package dev.interdict.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.interdict.bundle.Signer;
import dev.interdict.bundle.TestBundles;
import dev.interdict.bundle.TestKeys;
import dev.interdict.bundle.Trust;
import dev.interdict.control.ActiveSet;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.PolicyStatus;
import dev.interdict.control.StateStore;
import dev.interdict.delivery.DeliveryConfig.Local;
import dev.interdict.delivery.DeliveryConfig.Location;
import dev.interdict.delivery.DeliveryConfig.Polling;
import dev.interdict.delivery.DeliveryConfig.Remote;
import dev.interdict.delivery.DeliveryConfig.Service;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.delivery.DeliveryConfig.StatusTarget;
import dev.interdict.testkit.DigestBuilder;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From a server or a file into force, over a fake of enforcement. */
@Timeout(60)
class DeliveriesTest {
  private static final Polling FAST =
      new Polling(Duration.ofMillis(20), Duration.ofMillis(40), null);
  private static final Polling LONG =
      new Polling(Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofSeconds(20));

  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private final DigestBuilder builder = new DigestBuilder();
  private final Workers workers = new Workers(lost -> {});
  private PolicyControl control;
  private BundleServer server;
  private Deliveries deliveries;

  @BeforeEach
  void open() throws IOException {
    server = new BundleServer();
    restart();
  }

  private void restart() {
    kernel.set = ActiveSet.EMPTY;
    control =
        new PolicyControl(
            builder, kernel, new StateStore(directory.resolve("state")), Clock.systemUTC());
    control.restore();
  }

  @AfterEach
  void close() {
    deliveries.close();
    server.close();
  }

  @Test
  void aServedBundleMustComeIntoForceAndBeAskedForByItsTag() {
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), FAST, Trust.NONE);

    await(() -> names().equals(List.of("p")));
    await(() -> server.requests().size() >= 3);
    assertNull(server.requests().get(0).getFirst("If-None-Match"));
    assertEquals("\"v1\"", server.requests().get(2).getFirst("If-None-Match"));
    assertEquals("modes=snapshot", server.requests().get(2).getFirst("Prefer"));
    assertEquals(1, builder.asked.get());
    SourceStatus status = status();
    assertNull(status.error());
    assertEquals("not verified: no key is configured", status.trust());
    assertEquals(1, status.serial());
    assertEquals(1, status.policies());
    assertNotNull(status.activated());

    server.serve(bundle(2, null, "/b"));
    await(() -> status().serial() == 2);
    await(() -> deliveries.counters().get("bundles_activated") == 2);
  }

  /** Such as one that takes the stack of what compiles it. */
  @Test
  void aBundleThatThrowsAnErrorMustLeaveTheLoopForTheNextOne() {
    builder.broken = new StackOverflowError("of a policy");
    server.longPolls();
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), LONG, Trust.NONE);
    await(() -> names().equals(List.of("p")));
    assertEquals(2, builder.asked.get(), "it was asked for again");
    assertEquals(1, status().serial());
    await(() -> status().error() == null);
  }

  @Test
  void whatABundleThrewIsInItsStatus() {
    Polling once =
        new Polling(Duration.ofSeconds(100), Duration.ofSeconds(200), null); // no second round
    builder.broken = new StackOverflowError("of a policy");
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), once, Trust.NONE);
    await(() -> status().error() != null || builder.asked.get() > 1);
    assertEquals(List.of(), names());
    assertTrue(status().error().toString().contains("StackOverflowError"), status()::toString);
  }

  @Test
  void whoAsksAgainMustNotWaitForALongPollAndMustKnowWhenItIsDone() {
    server.longPolls();
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), LONG, Trust.NONE);
    await(() -> server.requests().size() == 2);
    assertEquals("\"v1\"", known(1), "it waits at the server");

    BooleanSupplier done = deliveries.askAgain();
    assertFalse(done.getAsBoolean());
    await(done);
    assertNull(known(2), "for all of it");
    assertNull(status().error());
    assertEquals(1, status().serial());
  }

  @Test
  void whereNobodyIsAskedAskingAgainIsDoneAtOnce() {
    deliveries = Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers);
    assertTrue(deliveries.askAgain().getAsBoolean());
  }

  private String known(int request) {
    return server.requests().get(request).getFirst("If-None-Match");
  }

  @Test
  void aLongPollMustBringANewBundleAtOnce() {
    server.longPolls();
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), LONG, Trust.NONE);
    await(() -> server.requests().size() == 2);
    assertEquals("modes=snapshot;wait=20", server.requests().get(1).getFirst("Prefer"));
    pause(Duration.ofMillis(300)); // nobody asks again while the server keeps the request
    assertEquals(2, server.requests().size());

    server.serve(bundle(2, null, "/b"));
    await(() -> status().serial() == 2 && server.requests().size() > 2);
    // The request that waited has brought it: the next one knows it.
    assertNotEquals(known(1), known(2));
  }

  @Test
  void aServerThatPromisesToWaitAndDoesNotMustNotBeAskedWithoutAPause() {
    server.longPolls();
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), new Polling(FAST.min(), FAST.max(), Duration.ofSeconds(0)), Trust.NONE);
    await(() -> server.requests().size() >= 2);
    pause(Duration.ofMillis(500));
    assertTrue(server.requests().size() <= 4, server.requests().size() + " requests");
  }

  @Test
  void aSignedBundleMustBeVerifiedAndATamperedOneMustChangeNothing() {
    Trust trust = TestKeys.RSA.trust("write");
    server.serve(bundle(1, TestKeys.RSA.signer("write"), "/a"));
    start(remote(Map.of()), FAST, trust);
    await(() -> status().trust().equals("signed by prod"));
    ActiveSet before = kernel.set;

    server.serve(bundle(2, null, "/b"));
    await(() -> error().contains("is not signed"));
    server.serve(bundle(2, TestKeys.EC.signer("write"), "/b"));
    await(() -> error().contains("signed with ES256"));
    server.serve("no archive".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    await(() -> error().contains("no gzip tar"));
    assertEquals(before, kernel.set);

    server.serve(bundle(2, TestKeys.RSA.signer("write"), "/b"));
    await(() -> status().serial() == 2 && status().error() == null);
    assertTrue(deliveries.counters().get("bundles_refused") >= 3);
  }

  @Test
  void anOlderBundleMustBeRefusedAfterARestartUntilTheOperatorAllowsIt() {
    server.serve(bundle(7, null, "/a"));
    start(remote(Map.of()), FAST, Trust.NONE);
    await(() -> status().serial() == 7);
    deliveries.close();
    restart();
    server.serve(bundle(6, null, "/b"));
    start(remote(Map.of()), FAST, Trust.NONE);
    await(() -> error().contains("its serial is 6, and the one before had 7"));
    assertEquals(List.of("p"), names());

    control.bundles().allowOlder("fleet");
    deliveries.hurry("fleet");

    await(() -> status().serial() == 6 && status().error() == null);
  }

  @Test
  void aBundleThatIsWrongInItselfMustBeBuiltOnceOnly() {
    refusing("rego_type_error");

    await(() -> deliveries.counters().get("bundles_refused") > 0 && server.requests().size() > 5);
    assertEquals(1, builder.asked.get());
    assertEquals("p/p.rego", status().error().diagnostics().getFirst().file());
    JsonNode bundle = report().at("/bundles/fleet");
    assertEquals("rego_type_error", bundle.at("/errors/0/code").asString());
    assertEquals(3, bundle.at("/errors/0/location/row").asInt());
  }

  /** It may have been the host that was too slow. */
  @Test
  void aBundleWhoseTrialFailedMustBeTriedAgain() {
    refusing(dev.interdict.policy.LintNotes.NO_ANSWER);
    await(() -> builder.asked.get() > 1);
  }

  private void refusing(String code) {
    server.serve(bundle(1, null, "/a")); // right for the builder of bundles, wrong for the host's
    control =
        new PolicyControl(
            new dev.interdict.testkit.TinyBuilder() {
              @Override
              public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
                builder.asked.incrementAndGet();
                throw new dev.interdict.control.InvalidPolicyException(
                    List.of(
                        new dev.interdict.policy.Diagnostic(
                            dev.interdict.policy.Diagnostic.Severity.ERROR,
                            "p.rego",
                            3,
                            1,
                            code,
                            "undefined ref")));
              }
            },
            kernel,
            new StateStore(directory.resolve("other")),
            Clock.systemUTC());
    start(remote(Map.of()), FAST, Trust.NONE);
  }

  @Test
  void aServerThatFailsMustBeSaidAndAskedAgainWithMorePatience() {
    server.serve(bundle(1, null, "/a"));
    start(
        remote(Map.of()),
        new Polling(Duration.ofMillis(20), Duration.ofSeconds(2), null),
        Trust.NONE);
    await(() -> status().serial() == 1);
    server.fail(503);
    await(() -> error().contains("status 503"));
    assertEquals(503, status().error().httpCode());
    assertEquals(503, report().at("/bundles/fleet/http_code").asInt());
    assertEquals("bundle_error", report().at("/bundles/fleet/code").asString());
    server.fail(302); // a redirection would carry the token elsewhere
    await(() -> error().contains("status 302"));
    assertEquals(0, server.strangers());
    assertEquals(List.of("p"), names());
    assertTrue(deliveries.counters().get("bundle_fetches_failed") >= 2);

    server.serve(bundle(2, null, "/b"));
    await(() -> status().serial() == 2 && status().error() == null);
  }

  @Test
  void aBodyLargerThanABundleMustEndTheDownload() {
    server.serve(new byte[(16 << 20) + 1]);
    start(remote(Map.of()), FAST, Trust.NONE);

    await(() -> error().contains("no answer from"));
    assertEquals(List.of(), names());
  }

  @Test
  void headersAndATokenMustBeSent() throws IOException {
    Path token = Files.writeString(directory.resolve("token"), "t0ken\n");
    server.serve(bundle(1, null, "/a"));
    Service service =
        new Service(
            server.url("http"), Map.of("X-Team", "red"), token, null, Duration.ofSeconds(5));
    start(new Remote(service, service.resolve("bundles/fleet")), FAST, Trust.NONE);

    await(() -> !names().isEmpty());
    assertEquals("Bearer t0ken", server.requests().getFirst().getFirst("Authorization"));
    assertEquals("red", server.requests().getFirst().getFirst("X-Team"));
    Files.delete(token);
    await(() -> error().contains("cannot read the token"));
  }

  @Test
  void everyChangeMustBeReportedAsOpaReportsIt() {
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), FAST, Trust.NONE);

    await(() -> server.reports().stream().anyMatch(r -> r.contains("active_revision")));
    String report = server.reports().getLast();
    assertTrue(report.startsWith("POST /status/team {"), report);
    JsonNode body = JsonMapper.shared().readTree(report.substring(report.indexOf('{')));
    assertEquals("eu", body.at("/labels/region").asString());
    assertFalse(body.at("/labels/id").asString().isEmpty());
    JsonNode bundle = body.at("/bundles/fleet");
    assertEquals("fleet", bundle.get("name").asString());
    assertEquals(status().revision(), bundle.get("active_revision").asString());
    assertTrue(bundle.get("last_successful_activation").asString().startsWith("20"));
    assertTrue(bundle.get("last_successful_download").asString().startsWith("20"));
    assertTrue(bundle.get("size").asInt() > 0);
    assertFalse(bundle.has("code"));

    server.fail(500);
    await(() -> server.reports().getLast().contains("\"http_code\":500"));
  }

  @Test
  void reportsThatNobodyTakesMustBeCountedTriedAgainAndHarmless() {
    server.failReports(500);
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), FAST, Trust.NONE);

    await(() -> deliveries.counters().get("status_reports_failed") > 0);
    await(() -> status().serial() == 1);
    server.failReports(204);
    await(() -> deliveries.counters().get("status_reports_sent") > 0);
  }

  @Test
  void aFileMustBeTakenWhenItIsReplacedAndAFolderToo() throws IOException {
    Path file = directory.resolve("b.tar.gz");
    Files.write(file, bundle(1, null, "/a"));
    start(new Local(file), FAST, Trust.NONE);
    await(() -> status().serial() == 1);
    Files.write(directory.resolve("new"), bundle(2, null, "/b"));
    Files.move(directory.resolve("new"), file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    await(() -> status().serial() == 2);
    deliveries.close();

    Path folder = directory.resolve("folder");
    for (var entry : TestBundles.unpack(bundle(3, null, "/c")).entrySet()) {
      Path path = folder.resolve(entry.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, entry.getValue());
    }
    start(new Local(folder), FAST, Trust.NONE);
    await(() -> status().serial() == 3);
    Files.delete(folder.resolve(".manifest"));
    await(() -> error().contains("no .manifest"));
    assertEquals(List.of("p"), names());
  }

  @Test
  void aFileThatOthersCanWriteMustBeSignedOrRefused() throws IOException {
    Path file = directory.resolve("b.tar.gz");
    Files.write(file, bundle(1, TestKeys.EC.signer(""), "/a"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    start(new Local(file), FAST, Trust.NONE);
    await(() -> error().contains("can be written to by others"));
    deliveries.close();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    start(new Local(file), FAST, Trust.NONE);
    await(() -> error().startsWith(directory + " can be written to by others"));
    deliveries.close();
    assertEquals(List.of(), names());

    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    start(new Local(file), FAST, TestKeys.EC.trust(""));
    await(() -> status().serial() == 1);
    deliveries.close();
    start(new Local(directory.resolve("missing")), FAST, Trust.NONE);
    await(() -> error().contains("cannot read"));
    assertEquals(List.of("p"), names());
  }

  /** A signed file may lie where others write: they must not have its source wait for good. */
  @Test
  void whatIsNoFileMustBeAnErrorAndMustNotBeWaitedFor() throws Exception {
    Path fifo = directory.resolve("b.tar.gz");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    start(new Local(fifo), FAST, TestKeys.EC.trust(""));
    await(() -> error().contains(fifo + " is no plain file"));
    await(deliveries.askAgain());
    Files.delete(fifo);
    Files.write(fifo, bundle(1, TestKeys.EC.signer(""), "/a"));
    await(() -> status().serial() == 1);
  }

  /** Who can rename a folder on the way, or turn a link, has a bundle of his own read. */
  @Test
  void noFolderAndNoLinkOnTheWayMayBelongToOthers() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Path own = Files.createDirectory(open.resolve("own"));
    Path file = Files.write(own.resolve("b.tar.gz"), bundle(1, null, "/a"));
    Path link = Files.createSymbolicLink(directory.resolve("current"), Path.of("./open/own"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    for (Path way : List.of(file, link.resolve("b.tar.gz"), link.resolve("../own/b.tar.gz"))) {
      start(new Local(way), FAST, Trust.NONE);
      await(() -> error().startsWith(open + " can be written to by others"));
      deliveries.close();
    }
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx------"));
    start(new Local(link.resolve("b.tar.gz")), FAST, Trust.NONE);
    await(() -> status().serial() == 1);
    deliveries.close();

    Files.createSymbolicLink(directory.resolve("round"), Path.of("round"));
    start(new Local(directory.resolve("round")), FAST, Trust.NONE);
    await(() -> error().contains("cannot read"));
    deliveries.close();
    Assumptions.assumeTrue(Files.getOwner(directory).getName().equals("root"));
    Files.setAttribute(link, "unix:uid", 65_534, LinkOption.NOFOLLOW_LINKS);
    start(new Local(link.resolve("b.tar.gz")), FAST, Trust.NONE);
    await(() -> error().startsWith(link + " can be written to by others"));
  }

  @Test
  void aServerMustShowACertificateOfTheConfiguredAuthority() throws Exception {
    Path store = directory.resolve("keys.p12");
    keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=test",
        "-ext",
        "san=ip:127.0.0.1",
        "-keystore",
        store.toString());
    Path pem = directory.resolve("ca.pem");
    keytool("-exportcert", "-rfc", "-file", pem.toString(), "-keystore", store.toString());
    try (BundleServer tls = new BundleServer(https(store))) {
      tls.serve(bundle(1, null, "/a"));
      Service unknown = new Service(tls.url("https"), Map.of(), null, null, Duration.ofSeconds(5));
      start(new Remote(unknown, unknown.resolve("bundles/fleet")), FAST, Trust.NONE);
      await(() -> error().contains("SSLHandshakeException"));
      deliveries.close();

      Service known = new Service(tls.url("https"), Map.of(), null, pem, Duration.ofSeconds(5));
      start(new Remote(known, known.resolve("bundles/fleet")), FAST, Trust.NONE);
      await(() -> status().serial() == 1);
    }
  }

  @Test
  void aSourceThatIsNotConfiguredAnyMoreMustStayInForceAndBeShown() {
    server.serve(bundle(1, null, "/a"));
    start(remote(Map.of()), FAST, Trust.NONE);
    await(() -> status().serial() == 1);
    deliveries.close();

    deliveries = Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers);
    assertTrue(status().error().message().contains("interdict bundle drop fleet"));
    assertEquals(List.of("p"), names());
    assertFalse(deliveries.isConfigured("fleet"));
  }

  private void start(Location location, Polling polling, Trust trust) {
    Service service = service(Map.of());
    deliveries =
        Deliveries.start(
            new DeliveryConfig(
                List.of(new Source("fleet", location, polling, trust)),
                new StatusTarget(service, service.resolve("status/team")),
                Map.of("region", "eu")),
            control.bundles(),
            workers);
  }

  private Remote remote(Map<String, String> headers) {
    Service service = service(headers);
    return new Remote(service, service.resolve("/bundles/fleet"));
  }

  private Service service(Map<String, String> headers) {
    return new Service(server.url("http"), headers, null, null, Duration.ofSeconds(5));
  }

  private static byte[] bundle(long serial, Signer signer, String trusted) {
    return TestBundles.build(serial, signer, TestBundles.policy("p", trusted));
  }

  private SourceStatus status() {
    return deliveries.statuses().getFirst();
  }

  private JsonNode report() {
    return JsonMapper.shared().readTree(StatusReport.of(Map.of(), deliveries.statuses()));
  }

  private String error() {
    return status().error() == null ? "" : status().error().message();
  }

  private List<String> names() {
    return control.list().stream().map(PolicyStatus::name).toList();
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "it did not happen");
      pause(Duration.ofMillis(5));
    }
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void keytool(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.add("-J-XX:TieredStopAtLevel=1");
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "test", "-storepass", "changeit"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0, output);
  }

  private static HttpsServer https(Path store) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create();
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return server;
  }
}
