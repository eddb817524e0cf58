package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.admin.AdminBackend;
import dev.interdict.admin.AdminConfig;
import dev.interdict.admin.AdminServer;
import dev.interdict.bundle.TestBundles;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.delivery.DeliveryConfigReader;
import dev.interdict.eval.HostNames;
import dev.interdict.recording.Recorder;
import dev.interdict.testkit.DigestBuilder;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.verdict.KeyMask;
import dev.interdict.worker.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator sees of bundles and does about them; the source is a file. */
@Timeout(60)
class BundleCommandsTest {
  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private Deliveries deliveries;
  private AdminServer server;

  @BeforeEach
  void start() throws Exception {
    serve(7);
    Path config =
        Files.writeString(
            directory.resolve("bundles.yaml"),
            "bundles: {fleet: {resource: \"file://%s\", polling: {min_delay_seconds: 1, max_delay_seconds: 1}}}\n"
                .formatted(bundle()));
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rw-r--r--"));
    start(DeliveryConfigReader.read(config));
  }

  private void start(DeliveryConfig config) throws IOException {
    control =
        new PolicyControl(
            new DigestBuilder(),
            kernel,
            new StateStore(directory.resolve("state")),
            Clock.systemUTC());
    control.restore();
    deliveries = Deliveries.start(config, control.bundles(), new Workers(lost -> {}));
    server =
        AdminServer.start(
            new AdminConfig(socket(), AdminConfig.defaults().uids()),
            new AdminBackend(
                control,
                deliveries,
                kernel::snapshot,
                new DecisionLog(),
                kept -> null,
                Recorder.start(
                    directory.resolve("state"),
                    HostNames.NONE,
                    (hook, set) -> KeyMask.none(),
                    "0.0-test",
                    new Workers(lost -> {})),
                slot -> null,
                () -> true,
                java.util.List::of,
                java.util.List::of,
                "0.0-test",
                Instant.EPOCH));
    await(() -> control.list().size() == 1);
  }

  @AfterEach
  void stop() {
    server.close();
    deliveries.close();
  }

  @Test
  void statusMustShowEachSourceAndItsLastError() throws IOException {
    String status = run("status").out();
    assertTrue(status.contains("BUNDLE  REVISION"), status);
    assertTrue(
        status.matches(
            "(?s).*\nfleet +r7 +7 +1 +20\\S+Z +20\\S+Z +not verified: no key is configured\n.*"),
        status);
    await(() -> run("status").out().matches("(?s).*\nbundles_activated +1\n.*")); // counted last
    assertTrue(run("policy", "list", "-o", "json").out().contains("\"bundle\" : \"fleet\""));

    serve(6);
    await(
        () ->
            run("status")
                .out()
                .contains("fleet: bundle fleet: its serial is 6, and the one before had 7"));
    String json = run("status", "-o", "json").out();
    assertTrue(json.contains("\"error\" : \"bundle fleet: its serial is 6"), json);
  }

  @Test
  void anOlderBundleMustBeTakenWhenTheOperatorSaysSo() throws IOException {
    serve(6);
    await(() -> run("status").out().contains("its serial is 6"));

    assertEquals(
        "fleet: its next bundle is taken whatever its serial\nnext: interdict status\n",
        run("bundle", "allow-older", "fleet").out());

    await(() -> run("status").out().matches("(?s).*\nfleet +r6 +6 .*"));
    assertEquals(ExitCode.REFUSED, run("bundle", "allow-older", "nobody").code());
  }

  @Test
  void whatABundleBroughtMustNotBeDeletedByHandButWithItsSource() throws IOException {
    Cli delete = run("policy", "delete", "p");
    assertEquals(ExitCode.REFUSED, delete.code());
    assertTrue(delete.err().contains("it comes from the bundle fleet"), delete.err());
    Cli drop = run("bundle", "drop", "fleet");
    assertEquals(ExitCode.REFUSED, drop.code());
    assertTrue(drop.err().contains("would bring it back"), drop.err());

    stop();
    start(DeliveryConfig.NONE);
    assertTrue(run("status").out().contains("not configured any more"));
    assertEquals(
        "fleet: 1 policy is out of force\nnext: interdict policy list\n",
        run("bundle", "drop", "fleet").out());
    assertTrue(run("policy", "list").out().startsWith("no policies"));
  }

  @Test
  void anEngineMustNotStartWithAFileOfBundlesThatIsWrong() throws IOException {
    Path wrong = Files.writeString(directory.resolve("wrong.yaml"), "bundels: {}\n");
    Cli engine = Cli.run("engine", "--bundles", wrong.toString());
    assertEquals(ExitCode.INVALID_POLICY, engine.code());
    assertTrue(engine.err().contains("wrong.yaml:1:1: unknown key \"bundels\""), engine.err());
    Cli missing = Cli.run("engine", "--bundles", directory.resolve("no").toString());
    assertEquals(ExitCode.REFUSED, missing.code());
    assertTrue(missing.err().contains("/no: there is no such file or folder"), missing.err());
  }

  private void serve(long serial) throws IOException {
    Path fresh = directory.resolve("fresh");
    Files.write(
        fresh,
        TestBundles.build("r" + serial, serial, null, TestBundles.policy("p", "/" + serial)));
    Files.move(fresh, bundle(), StandardCopyOption.ATOMIC_MOVE);
  }

  private Path bundle() {
    return directory.resolve("bundle.tar.gz");
  }

  private Path socket() {
    return directory.resolve("run/admin.sock");
  }

  private Cli run(String... arguments) {
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--socket";
    all[arguments.length + 1] = socket().toString();
    return Cli.run(all);
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "it did not happen");
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
