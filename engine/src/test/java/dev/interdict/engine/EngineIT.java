package dev.interdict.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.interdict.admin.AdminChannel;
import dev.interdict.attach.Pins;
import dev.interdict.bundle.Signer;
import dev.interdict.bundle.TestBundles;
import dev.interdict.bundle.TestKeys;
import dev.interdict.decisions.DecisionFilter;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.delivery.BundleServer;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.delivery.DeliveryConfig.Polling;
import dev.interdict.delivery.DeliveryConfig.Remote;
import dev.interdict.delivery.DeliveryConfig.Service;
import dev.interdict.delivery.DeliveryConfig.Source;
import dev.interdict.event.EventLayouts;
import dev.interdict.libbpf.KernelMap;
import dev.interdict.policy.PolicySource;
import dev.interdict.service.ServiceManager;
import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.NotifySocket;
import dev.interdict.testkit.Shell;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.HookStatus;
import dev.interdict.v1.Mode;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.PolicyCounters;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.SourceFile;
import dev.interdict.worker.Worker;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole engine on real packets, between two interfaces of the test's own: every part but LSM,
 * without a virtual machine.
 */
@Tag("native")
@ExtendWith(FdLeaks.class)
final class EngineIT {
  private static final String NAMESPACE = "interdict-engine-it";
  private static final String HERE = "10.79.0.1";
  private static final int FORBIDDEN = 6666;
  private static final int ALLOWED = 7777;
  private static final int LAST = 8888;
  private static final String POLICY =
      """
      apiVersion: interdict.dev/v1
      kind: Policy
      metadata: {name: no-6666}
      spec:
        hooks: [xdp_ingress]
        mode: enforce
        scope: {interfaces: [idit0]}
        rules:
          - deny:
              packet.protocol: udp
              packet.destination.port: 6666
            reason: "{packet.source.address} may not reach {packet.destination.port}"
      """;

  @RegisterExtension final Bpffs bpffs = new Bpffs();
  @TempDir Path folder;

  @BeforeEach
  void interfaces() {
    remove(); // of a run that was killed
    Shell.run("ip", "netns", "add", NAMESPACE);
    connect();
  }

  private static void connect() {
    Shell.run("ip", "link", "add", "idit0", "type", "veth", "peer", "name", "idit1");
    Shell.run("ip", "link", "set", "idit1", "netns", NAMESPACE);
    Shell.run("ip", "addr", "add", HERE + "/24", "dev", "idit0");
    Shell.run("ip", "link", "set", "idit0", "up");
    Shell.run("ip", "-n", NAMESPACE, "addr", "add", "10.79.0.2/24", "dev", "idit1");
    Shell.run("ip", "-n", NAMESPACE, "link", "set", "idit1", "up");
  }

  @AfterEach
  void noInterfaces() {
    new Pins(bpffs.pins()).uninstall();
    remove();
  }

  private static void remove() {
    Shell.run("bash", "-c", "ip link del idit0 2>&1; ip netns del " + NAMESPACE + " 2>&1; true");
  }

  @Test
  void thePolicyDecidesTheKernelRefusesAndBothOutliveTheEngine() throws Exception {
    try (Engine engine = Engine.start(config());
        DecisionLog.Subscription decisions =
            engine.decisions().subscribe(DecisionFilter.ALL, 100, 0)) {
      apply();
      assertEquals(0, arrived(FORBIDDEN, 2), "the first one was held back, the second refused");
      assertEquals(
          1,
          arrived(ALLOWED, 2),
          "the first one is lost, as by the network; its repetition arrives");
      DecisionRecord denied = next(decisions, Outcome.DENIED);
      assertEquals("10.79.0.2 may not reach 6666", denied.findings().getFirst().deny().getFirst());
      assertTrue(denied.object().endsWith(HERE + ":" + FORBIDDEN), denied.object());

      mode(Mode.MODE_AUDIT);
      assertEquals(2, arrived(FORBIDDEN, 2), "nothing is refused in audit");
      assertNotNull(next(decisions, Outcome.WOULD_DENY));
      mode(Mode.MODE_ENFORCE);
      assertEquals(0, arrived(FORBIDDEN, 2));
    }
    assertEquals(0, arrived(FORBIDDEN, 2), "the verdict stands without the engine");
    assertEquals(2, arrived(ALLOWED, 2));
    try (Engine engine = Engine.start(config())) {
      assertEquals(0, arrived(FORBIDDEN, 2));
      assertEquals(2, arrived(ALLOWED, 2), "the next engine adopts what is known");
      assertEquals(1, status().getPolicies(), "and the policy");
      assertEquals(0, engine.decisions().watchers());
    }
    assertTrue(new Pins(bpffs.pins()).uninstall().size() > 10);
    assertEquals(List.of(), new Pins(bpffs.pins()).list());
    // The kernel takes a link away a moment after its last pin.
    int passed = 0;
    for (int i = 0; i < 10 && passed < 2; i++) {
      passed = arrived(FORBIDDEN, 2);
    }
    assertEquals(2, passed, "nothing is left");
  }

  @Test
  void aBundleThatIsServedDecidesAndItsDataChangesWhatIsDecided() throws Exception {
    try (BundleServer server = new BundleServer()) {
      server.serve(bundle(1, TestKeys.RSA.signer(""), FORBIDDEN));
      try (Engine engine = Engine.start(config().with(sources(server)))) {
        awaitSerial(1);
        assertEquals(0, arrived(FORBIDDEN, 2));
        assertEquals(1, arrived(ALLOWED, 2));

        server.serve(bundle(2, TestKeys.RSA.signer(""), ALLOWED));
        awaitSerial(2);
        assertEquals(0, arrived(ALLOWED, 2), "the verdict of other data does not stand");
        assertEquals(1, arrived(FORBIDDEN, 2));

        server.serve(bundle(3, TestKeys.EC.signer(""), FORBIDDEN));
        await(() -> status().getBundles(0).getError().contains("signed with ES256"));
        assertEquals(0, arrived(ALLOWED, 2), "what was in force stays");
        assertEquals(0, engine.decisions().watchers());
      }
    }
  }

  private static byte[] bundle(long serial, Signer signer, int port) {
    String yaml =
        POLICY.replace(
            "packet.destination.port: 6666", "packet.destination.port: {in: {data: ports}}");
    return TestBundles.build(
        serial,
        signer,
        new PolicySource(
            "policy.yaml",
            TestBundles.files("policy.yaml", yaml, "data.json", "{\"ports\": [" + port + "]}")));
  }

  private static DeliveryConfig sources(BundleServer server) {
    Service service = new Service(server.url("http"), Map.of(), null, null, Duration.ofSeconds(5));
    return new DeliveryConfig(
        List.of(
            new Source(
                "fleet",
                new Remote(service, URI.create(server.url("http") + "/bundles/fleet")),
                new Polling(Duration.ofMillis(100), Duration.ofMillis(200), null),
                TestKeys.RSA.trust(""))),
        null,
        Map.of());
  }

  private void awaitSerial(long serial) throws InterruptedException {
    await(() -> status().getBundles(0).getSerial() == serial);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 300 && !condition.getAsBoolean(); i++) {
      Thread.sleep(100);
    }
    assertTrue(condition.getAsBoolean());
  }

  /** Each packet to a port of its own: nothing comes again, and nothing is told by accident. */
  @Test
  void aScanLeavesARecordAndACountForEachPacket() throws Exception {
    int ports = 20;
    try (Engine engine = Engine.start(config());
        DecisionLog.Subscription decisions =
            engine.decisions().subscribe(DecisionFilter.ALL, 1000, 0)) {
      apply(
          POLICY.replace(
              "packet.destination.port: 6666", "packet.destination.port: {ge: 6000, lt: 7000}"));
      for (long round = 1; round <= 2; round++) {
        scan(6100, ports);
        told(decisions, Outcome.DENIED, ports);
        counted(round * ports, 0);
      }
      mode(Mode.MODE_AUDIT);
      for (long round = 1; round <= 2; round++) {
        scan(6200, ports);
        told(decisions, Outcome.WOULD_DENY, ports);
        counted(2L * ports, round * ports);
      }
    }
  }

  private static void scan(int first, int ports) {
    send(
        "for p in $(seq %d %d); do echo x > /dev/udp/%s/$p; done"
            .formatted(first, first + ports - 1, HERE));
  }

  /** As many records, of different packets, and no more. */
  private static void told(DecisionLog.Subscription decisions, Outcome outcome, int packets)
      throws InterruptedException {
    Set<String> objects = new TreeSet<>();
    for (int i = 0; i < packets; i++) {
      objects.add(next(decisions, outcome).object());
    }
    assertEquals(packets, objects.size(), objects.toString());
    DecisionRecord more;
    while ((more = decisions.poll(Duration.ofMillis(300))) != null) {
      assertEquals(Outcome.ALLOWED, more.outcome(), more.toString());
    }
  }

  private void counted(long denied, long wouldDeny) {
    HookStatus hook =
        status().getHooksList().stream()
            .filter(h -> h.getHook().equals("xdp_ingress"))
            .findFirst()
            .orElseThrow();
    PolicyCounters policy =
        ask(
            channel ->
                PolicyServiceGrpc.newBlockingStub(channel)
                    .getPolicy(GetPolicyRequest.newBuilder().setName("no-6666").build())
                    .getPolicy()
                    .getCounters());
    assertEquals(denied, hook.getCountersOrThrow("denied"));
    assertEquals(wouldDeny, hook.getCountersOrThrow("would_deny"));
    assertEquals(denied, policy.getDenied());
    assertEquals(wouldDeny, policy.getWouldDeny());
  }

  @Test
  void anInterfaceIsGuardedWhenItComesAndWhenItComesAgain() throws Exception {
    EngineConfig config = config();
    try (Engine first = Engine.start(config)) {
      apply();
      assertEquals(0, first.decisions().watchers());
    }
    Shell.run("ip", "link", "del", "idit0");
    try (Engine engine = Engine.start(config)) {
      assertEquals(1, status().getPolicies(), "waiting for its interface is no problem of it");
      assertEquals(
          List.of(
              "policy no-6666, interface idit0: it is not there; guarded as soon as" + " it comes"),
          status().getGapsList());
      int known = 0;
      for (String time : List.of("late", "again")) {
        connect();
        await(() -> status().getGapsList().isEmpty());
        assertEquals(0, arrived(FORBIDDEN, 2), time);
        assertEquals(1 + known++, arrived(ALLOWED, 2), time);
        Shell.run("ip", "link", "del", "idit0");
        await(() -> !status().getGapsList().isEmpty());
      }
      connect();
      await(() -> status().getGapsList().isEmpty());
      assertEquals(0, engine.decisions().watchers());
    }
  }

  /** Tasks would wait for it for ever, and who starts services would take it for alive. */
  @Test
  void anEngineWithoutOneOfItsVitalThreadsTakesItsHeartbeatBackAndEnds() throws Exception {
    try (Engine engine = Engine.start(config());
        KernelMap page = KernelMap.openPinned(new Pins(bpffs.pins()).map("engine_state"))) {
      await(() -> heartbeat(page) != 0);
      Worker lost =
          engine
              .workers()
              .addVital(
                  "vital",
                  () -> {
                    throw new StackOverflowError("a policy's doing");
                  });
      lost.start();
      assertEquals(
          "vital has ended: java.lang.StackOverflowError: a policy's doing", engine.awaitLoss());
      for (int i = 0; i < 5; i++) { // the decider goes on, and must not bring it back
        assertEquals(0, heartbeat(page));
        Thread.sleep(50);
      }
    }
  }

  private static long heartbeat(KernelMap page) {
    return page.memory()
        .get(ValueLayout.JAVA_LONG, EventLayouts.ENGINE_STATE.offset("heartbeat_ns"));
  }

  @Test
  void aSecondEngineOnTheSameHostIsRefused() throws Exception {
    EngineConfig config = config();
    try (Engine first = Engine.start(config)) {
      IOException e = assertThrows(IOException.class, () -> Engine.start(config));
      assertTrue(e.getMessage().contains("another engine runs here"), e.getMessage());
      assertEquals(0, first.decisions().watchers());
    }
  }

  @Test
  void aServiceManagerIsToldWhenItDecidesWhatIsWrongAndThatItEnds() throws Exception {
    try (NotifySocket socket = new NotifySocket(folder.resolve("notify").toString())) {
      ServiceManager manager =
          ServiceManager.of(
                  Map.of("NOTIFY_SOCKET", socket.address(), "WATCHDOG_USEC", "400000"),
                  ProcessHandle.current().pid())
              .orElseThrow();
      List<String> told = new ArrayList<>();
      BooleanSupplier fed =
          () -> {
            told.addAll(socket.messages());
            return Collections.frequency(told, "WATCHDOG=1") > 2;
          };
      try (Engine engine = Engine.start(config().with(Outlets.NONE.with(manager)))) {
        await(fed);
        assertTrue(told.contains("READY=1"), told::toString);
        assertTrue(
            told.contains("STATUS=host in enforce, 0 policies in force, 0 refuse"), told::toString);
        assertEquals(0, engine.decisions().watchers());
      }
      assertTrue(socket.messages().getLast().startsWith("STOPPING=1"));
    }
  }

  private EngineConfig config() {
    return EngineConfig.DEFAULT.at(
        folder.resolve("state"),
        folder.resolve("cache"),
        folder.resolve("admin.sock"),
        bpffs.pins());
  }

  private void apply() {
    apply(POLICY);
  }

  private void apply(String policy) {
    ask(
        channel ->
            PolicyServiceGrpc.newBlockingStub(channel)
                .applyPolicy(
                    ApplyPolicyRequest.newBuilder()
                        .addSources(
                            SourceFile.newBuilder()
                                .setPath("policy.yaml")
                                .setContent(ByteString.copyFromUtf8(policy)))
                        .build()));
  }

  private void mode(Mode mode) {
    ask(
        channel ->
            ModeServiceGrpc.newBlockingStub(channel)
                .setMode(SetModeRequest.newBuilder().setMode(mode).build()));
  }

  private dev.interdict.v1.GetStatusResponse status() {
    return ask(
        channel ->
            NodeServiceGrpc.newBlockingStub(channel)
                .getStatus(GetStatusRequest.getDefaultInstance()));
  }

  private <T> T ask(java.util.function.Function<ManagedChannel, T> question) {
    ManagedChannel channel = AdminChannel.open(folder.resolve("admin.sock"));
    try {
      return question.apply(channel);
    } finally {
      channel.shutdownNow();
    }
  }

  private static DecisionRecord next(DecisionLog.Subscription decisions, Outcome outcome)
      throws InterruptedException {
    for (int i = 0; i < 100; i++) {
      DecisionRecord record = decisions.poll(Duration.ofMillis(100));
      if (record != null && record.outcome() == outcome) {
        return record;
      }
    }
    throw new AssertionError("nobody was told of " + outcome);
  }

  /**
   * Sends datagrams to {@code port}, far enough apart for a decision; says how many of them had
   * come when one to another port, which was sent afterwards, did.
   */
  private static int arrived(int port, int count) throws IOException {
    try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(HERE, port));
        DatagramSocket last = new DatagramSocket(new InetSocketAddress(HERE, LAST))) {
      send(
          "for i in $(seq %d); do echo x > /dev/udp/%s/%d; sleep 0.5; done"
              .formatted(count, HERE, port));
      boolean done = false;
      for (int i = 0; i < 100 && !done; i++) { // its flow may wait for a decision, too
        send("echo x > /dev/udp/%s/%d".formatted(HERE, LAST));
        done = isThere(last, 100);
      }
      assertTrue(done, "nothing comes through any more");
      int arrived = 0;
      while (isThere(socket, 1)) {
        arrived++;
      }
      return arrived;
    }
  }

  private static boolean isThere(DatagramSocket socket, int waitMs) throws IOException {
    socket.setSoTimeout(waitMs);
    try {
      socket.receive(new DatagramPacket(new byte[64], 64));
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  private static void send(String script) {
    Shell.run("ip", "netns", "exec", NAMESPACE, "bash", "-c", script);
  }
}
