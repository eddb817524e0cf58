package dev.interdict.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import dev.interdict.control.Check;
import dev.interdict.control.PolicyControl;
import dev.interdict.control.StateStore;
import dev.interdict.decisions.DecisionLog;
import dev.interdict.decisions.DecisionLog.Kept;
import dev.interdict.decisions.DecisionRecord;
import dev.interdict.decisions.DecisionRecord.Outcome;
import dev.interdict.decisions.Explanation;
import dev.interdict.delivery.Deliveries;
import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.eval.HostNames;
import dev.interdict.event.Event;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.event.Workload;
import dev.interdict.recording.Recorder;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import dev.interdict.v1.Answer;
import dev.interdict.v1.ApplyCandidateRequest;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.ApplyResult;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.CheckResult;
import dev.interdict.v1.Decision;
import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.DoctorRequest;
import dev.interdict.v1.ExplainDecisionRequest;
import dev.interdict.v1.ExplainDecisionResponse;
import dev.interdict.v1.GetModeRequest;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.Held;
import dev.interdict.v1.HeldAnswer;
import dev.interdict.v1.HistoryServiceGrpc;
import dev.interdict.v1.ListPoliciesRequest;
import dev.interdict.v1.Mode;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyProblems;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.PromoteCandidateRequest;
import dev.interdict.v1.ResetBudgetRequest;
import dev.interdict.v1.RollbackPolicyRequest;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.SourceFile;
import dev.interdict.v1.ThreadStatus;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import dev.interdict.v1.WhyServiceGrpc;
import dev.interdict.verdict.KeyMask;
import dev.interdict.worker.Worker;
import dev.interdict.worker.Workers;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AdminServerTest {

  private static final Event EVENT = Events.open("/usr/bin/cat", 33, "/etc/shadow");
  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private final DecisionLog log = new DecisionLog();
  private final AtomicBoolean decides = new AtomicBoolean(true);
  private Function<Kept, Explanation> explanation;
  private final Workers workers = new Workers(lost -> {});
  private AdminServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    server = AdminServer.start(config(AdminConfig.defaults().uids()), backend());
    channel = AdminChannel.open(socket());
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
  }

  @Test
  void theStatusSaysOfEachThreadWhetherItLives() throws Exception {
    CountDownLatch failed = new CountDownLatch(2);
    try (Worker failing =
            workers.add(
                "failing",
                () -> {
                  failed.countDown();
                  throw new StackOverflowError("a policy's doing");
                });
        Worker idle = workers.add("idle", () -> Thread.sleep(1000))) {
      failing.start();
      failed.await();
      List<ThreadStatus> threads =
          NodeServiceGrpc.newBlockingStub(channel)
              .getStatus(GetStatusRequest.getDefaultInstance())
              .getThreadsList();
      assertEquals(List.of("failing", "idle"), threads.stream().map(t -> t.getName()).toList());
      assertTrue(threads.get(0).getAlive());
      assertTrue(threads.get(0).getFailedInRow() >= 1);
      assertTrue(threads.get(0).getLastFailure().contains("a policy's doing"));
      assertFalse(threads.get(1).getAlive(), idle.name() + " has not begun");
    }
  }

  /** A policy may take the stack of what handles it: one call fails, and not the server. */
  @Test
  void aCallThatThrowsAnErrorIsAnsweredAndTheNextOneWorks() {
    kernel.preparing =
        () -> {
          throw new StackOverflowError("a policy's doing");
        };
    var policies = PolicyServiceGrpc.newBlockingStub(channel);
    StatusRuntimeException thrown =
        assertThrows(
            StatusRuntimeException.class, () -> policies.applyPolicy(folder("name=a\nmode=audit")));
    assertEquals(Code.INTERNAL, thrown.getStatus().getCode());
    assertTrue(thrown.getMessage().contains("a policy's doing"), thrown.getMessage());
    kernel.preparing = () -> {};
    assertEquals("a", policies.applyPolicy(folder("name=a\nmode=audit")).getPolicy().getName());
  }

  @Test
  void eachChangeLeavesALineThatSaysWhoAskedAndWhatCameOfIt() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            lines.add(new SimpleFormatter().formatMessage(record));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(AuditLog.class.getName());
    logger.addHandler(handler);
    try {
      PolicyServiceGrpc.newBlockingStub(channel).applyPolicy(folder("name=a\nmode=enforce"));
      var modes = ModeServiceGrpc.newBlockingStub(channel);
      modes.setMode(SetModeRequest.newBuilder().setMode(Mode.MODE_AUDIT).build());
      modes.getMode(GetModeRequest.getDefaultInstance());
      assertThrows(
          StatusRuntimeException.class,
          () ->
              modes.setMode(
                  SetModeRequest.newBuilder()
                      .setPolicy("no\nuid 0: such")
                      .setMode(Mode.MODE_AUDIT)
                      .build()));
    } finally {
      logger.removeHandler(handler);
    }
    Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    String who = "uid " + uid + ", pid " + ProcessHandle.current().pid() + ": ";
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(
        lines.get(0).startsWith(who + "apply a policy of 1 files: policy a, "), lines.get(0));
    assertEquals(who + "set mode of the host to audit: done", lines.get(1));
    assertTrue(
        lines
            .get(2)
            .startsWith(who + "set mode of policy no?uid 0: such to audit: failed, NOT_FOUND"),
        lines.get(2));
  }

  @Test
  void bytesThatAreNoMessageAreTheCallersFault() {
    MethodDescriptor.Marshaller<byte[]> raw =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
          }

          @Override
          public byte[] parse(InputStream stream) {
            return new byte[0];
          }
        };
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(raw, raw)
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(PolicyServiceGrpc.getApplyPolicyMethod().getFullMethodName())
            .build();
    assertEquals(
        Code.INVALID_ARGUMENT,
        codeOf(
            () ->
                ClientCalls.blockingUnaryCall(
                    channel, method, CallOptions.DEFAULT, new byte[] {(byte) 0xff, 1, 2})));
  }

  @Test
  void aPolicyMustGoThroughItsWholeLife() {
    var policies = PolicyServiceGrpc.newBlockingStub(channel);

    var applied = policies.applyPolicy(folder("name=a\nmode=enforce"));
    assertEquals(ApplyResult.APPLY_RESULT_CREATED, applied.getResult());
    assertEquals(Mode.MODE_ENFORCE, applied.getPolicy().getMode().getEffective());
    assertEquals(
        ApplyResult.APPLY_RESULT_UNCHANGED,
        policies.applyPolicy(folder("name=a\nmode=enforce")).getResult());

    PolicyInfo info =
        policies.listPolicies(ListPoliciesRequest.getDefaultInstance()).getPolicies(0);
    assertEquals("a", info.getName());
    assertEquals(List.of("file_open"), info.getHooksList());
    assertEquals(2, info.getCounters().getDenied());
    assertEquals(3, info.getCounters().getWouldDeny());
    var got = policies.getPolicy(GetPolicyRequest.newBuilder().setName("a").build());
    assertEquals("name=a\nmode=enforce", got.getSources(0).getContent().toStringUtf8());

    policies.deletePolicy(DeletePolicyRequest.newBuilder().setName("a").build());
    assertEquals(
        0, policies.listPolicies(ListPoliciesRequest.getDefaultInstance()).getPoliciesCount());
  }

  @Test
  void anInvalidPolicyMustBeAnsweredWithEveryFindingErrorsFirst() {
    var policies = PolicyServiceGrpc.newBlockingStub(channel);
    policies.applyPolicy(folder("name=a"));

    StatusRuntimeException thrown =
        assertThrows(
            StatusRuntimeException.class, () -> policies.applyPolicy(folder("mode=enforce")));
    assertEquals(Code.INVALID_ARGUMENT, thrown.getStatus().getCode());
    assertEquals("POLICY_INVALID", detail(thrown, ErrorInfo.class).getReason());
    PolicyProblems problems = detail(thrown, PolicyProblems.class);
    assertEquals("yaml.missing-key", problems.getDiagnostics(0).getCode());
    assertEquals(3, problems.getDiagnostics(0).getColumn());
    assertEquals(2, problems.getDiagnosticsCount());
    assertEquals(1, kernel.set.policies().size());
  }

  @Test
  void aHookTheHostLacksMustBeAnsweredWithTheRemedy() {
    kernel.missing.add(Hook.FILE_OPEN);

    StatusRuntimeException thrown =
        assertThrows(
            StatusRuntimeException.class,
            () -> PolicyServiceGrpc.newBlockingStub(channel).applyPolicy(folder("name=a")));
    assertEquals(Code.FAILED_PRECONDITION, thrown.getStatus().getCode());
    PreconditionFailure.Violation violation =
        detail(thrown, PreconditionFailure.class).getViolations(0);
    assertEquals("hook file_open", violation.getSubject());
    assertTrue(violation.getDescription().contains("boot with lsm="));
  }

  @Test
  void requestsThatNoClientShouldSendMustBeRefused() {
    var policies = PolicyServiceGrpc.newBlockingStub(channel);
    var escape =
        ApplyPolicyRequest.newBuilder()
            .addSources(SourceFile.newBuilder().setPath("../policy.yaml"))
            .build();

    assertEquals(Code.INVALID_ARGUMENT, codeOf(() -> policies.applyPolicy(escape)));
    assertEquals(
        Code.INVALID_ARGUMENT,
        codeOf(() -> policies.applyPolicy(ApplyPolicyRequest.getDefaultInstance())));
    assertEquals(
        Code.NOT_FOUND,
        codeOf(() -> policies.deletePolicy(DeletePolicyRequest.getDefaultInstance())));
    assertEquals(
        Code.INVALID_ARGUMENT,
        codeOf(
            () ->
                ModeServiceGrpc.newBlockingStub(channel)
                    .setMode(SetModeRequest.getDefaultInstance())));
    ByteString large = ByteString.copyFrom(new byte[41 << 20]);
    assertEquals(
        Code.RESOURCE_EXHAUSTED,
        codeOf(
            () ->
                policies.applyPolicy(ApplyPolicyRequest.newBuilder().setCompiled(large).build())));
  }

  @Test
  void modesMustSwitchForTheHostAndForOnePolicy() {
    var modes = ModeServiceGrpc.newBlockingStub(channel);
    int slot =
        PolicyServiceGrpc.newBlockingStub(channel)
            .applyPolicy(folder("name=a"))
            .getPolicy()
            .getSlot();

    var one =
        modes.setMode(
            SetModeRequest.newBuilder().setPolicy("a").setMode(Mode.MODE_ENFORCE).build());
    assertEquals(Mode.MODE_ENFORCE, one.getPolicies(0).getEffective());
    assertEquals(Mode.MODE_AUDIT, one.getPolicies(0).getDeclared());
    modes.setMode(SetModeRequest.newBuilder().setMode(Mode.MODE_AUDIT).build());
    var all = modes.getMode(GetModeRequest.getDefaultInstance());
    assertEquals(Mode.MODE_AUDIT, all.getHost());
    assertEquals(Mode.MODE_AUDIT, all.getPolicies(0).getEffective());

    kernel.tripped = SlotSet.of(slot);
    ResetBudgetRequest reset = ResetBudgetRequest.newBuilder().setPolicy("a").build();
    assertFalse(modes.resetBudget(reset).getMode().getTripped());
    assertEquals(Code.FAILED_PRECONDITION, codeOf(() -> modes.resetBudget(reset)));
  }

  @Test
  void statusAndDoctorMustTellWhatTheEngineKnows() {
    var node = NodeServiceGrpc.newBlockingStub(channel);

    GetStatusResponse status = node.getStatus(GetStatusRequest.getDefaultInstance());
    assertEquals("0.0-test", status.getVersion());
    assertEquals(ProcessHandle.current().pid(), status.getPid());
    assertEquals("file_open", status.getHooks(0).getHook());
    assertEquals(7, status.getHooks(0).getCountersOrThrow("hits"));
    assertFalse(status.getHooks(1).getAttached());
    assertEquals(4, status.getVerdicts());
    assertEquals(1, status.getGapsCount());
    kernel.glass = Duration.ofSeconds(90);
    assertEquals(
        "all policies: break-glass, nothing is refused for another 1M30S; interdict break-glass"
            + " --end puts enforcement back",
        node.getStatus(GetStatusRequest.getDefaultInstance()).getGaps(0));
    var check = node.doctor(DoctorRequest.getDefaultInstance()).getChecks(0);
    assertEquals(CheckResult.CHECK_RESULT_FAILED, check.getResult());
    assertEquals("boot with lsm=bpf", check.getRemedy());
  }

  @Test
  void aWatchMustBeginWithThePastAndGoOn() {
    log.append(record(Outcome.DENIED, "/1"), EVENT, List.of());
    log.append(record(Outcome.DENIED, "/2"), EVENT, List.of());

    Iterator<WatchDecisionsResponse> watch =
        DecisionServiceGrpc.newBlockingStub(channel)
            .watchDecisions(WatchDecisionsRequest.newBuilder().setLast(1).build());
    Decision past = watch.next().getDecision();
    assertEquals("/2", past.getObject());
    assertEquals("p", past.getFindings(0).getPolicy());
    assertEquals(
        com.google.protobuf.Duration.newBuilder().setNanos(1_500).build(), past.getLatency());
    log.append(record(Outcome.ALLOWED, "/3"), EVENT, List.of());
    log.append(record(Outcome.WOULD_DENY, "/4"), EVENT, List.of());
    assertEquals("/4", watch.next().getDecision().getObject());
  }

  @Test
  void aWatchOfThePastOnlyMustEnd() {
    log.append(record(Outcome.DENIED, "/1"), EVENT, List.of());

    Iterator<WatchDecisionsResponse> watch =
        DecisionServiceGrpc.newBlockingStub(channel)
            .watchDecisions(
                WatchDecisionsRequest.newBuilder().setLast(10).setNoFollow(true).build());
    assertEquals("/1", watch.next().getDecision().getObject());
    assertFalse(watch.hasNext());
  }

  /** Policies are looked up; other lists are gone through for each decision. */
  @Test
  void aFilterMayNameEachPolicyOfAHostAndNoEndlessLists() {
    WatchDecisionsRequest past = WatchDecisionsRequest.newBuilder().setNoFollow(true).build();
    List<String> names =
        IntStream.rangeClosed(0, SlotSet.SLOTS).mapToObj(i -> "/policy-" + i).toList();
    var most = past.toBuilder().addAllPolicies(names.subList(0, SlotSet.SLOTS)).build();
    var stub = DecisionServiceGrpc.newBlockingStub(channel);
    assertFalse(stub.watchDecisions(most).hasNext());
    var more = past.toBuilder().addAllPolicies(names).build();
    assertEquals(Code.INVALID_ARGUMENT, codeOf(() -> stub.watchDecisions(more).hasNext()));
    var lists = past.toBuilder().addAllCgroups(names.subList(0, 65)).build();
    assertEquals(Code.INVALID_ARGUMENT, codeOf(() -> stub.watchDecisions(lists).hasNext()));
  }

  @Test
  void aWatcherThatDoesNotReadMustNotSlowThePipelineAndMustBeToldItsLoss() throws Exception {
    Iterator<WatchDecisionsResponse> watch =
        DecisionServiceGrpc.newBlockingStub(channel)
            .watchDecisions(WatchDecisionsRequest.getDefaultInstance());
    awaitWatchers(1);

    int records = 100_000;
    for (int i = 0; i < records; i++) {
      log.append(
          record(Outcome.DENIED, "/" + i),
          EVENT,
          List.of()); // nobody reads yet: waiting would have no end
    }

    long received = 0;
    long lost = 0;
    while (received + lost < records) {
      WatchDecisionsResponse next = watch.next();
      received += next.hasDecision() ? 1 : 0;
      lost += next.getLost();
    }
    assertEquals(records, received + lost);
    assertTrue(lost > 0, "nothing was lost: the watcher was not slow");
  }

  @Test
  void aCallerThatHangsUpMustLeaveNoWatcher() throws Exception {
    var other = AdminChannel.open(socket());
    DecisionServiceGrpc.newBlockingStub(other)
        .watchDecisions(WatchDecisionsRequest.getDefaultInstance());
    awaitWatchers(1);
    other.shutdownNow();

    awaitWatchers(0);
  }

  @Test
  void stoppingMustEndTheWatchesAndRemoveTheSocket() throws Exception {
    Iterator<WatchDecisionsResponse> watch =
        DecisionServiceGrpc.newBlockingStub(channel)
            .watchDecisions(WatchDecisionsRequest.getDefaultInstance());
    awaitWatchers(1);

    long start = System.nanoTime();
    server.close();
    assertEquals(Code.UNAVAILABLE, codeOf(watch::hasNext));
    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(4), "waited for the watch");
    assertFalse(Files.exists(socket()));
  }

  @Test
  void theSocketMustBeClosedToOthers() throws IOException {
    assertEquals(
        "rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
    assertEquals(
        "rwxr-x---",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(socket().getParent())));
  }

  @Test
  void aCallerWhoseUidIsNotAllowedMustBeToldSo() throws IOException {
    Path elsewhere = directory.resolve("other/admin.sock");
    ManagedChannel refused = AdminChannel.open(elsewhere);
    try (AdminServer picky =
        AdminServer.start(new AdminConfig(elsewhere, Set.of(4711)), backend())) {
      StatusRuntimeException thrown =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  NodeServiceGrpc.newBlockingStub(refused)
                      .getStatus(GetStatusRequest.getDefaultInstance()));
      assertEquals(Code.PERMISSION_DENIED, thrown.getStatus().getCode());
      assertTrue(thrown.getMessage().contains("allowed: uid [4711]"), thrown.getMessage());
      assertTrue(picky != server);
    } finally {
      refused.shutdownNow();
    }
  }

  @Test
  void anotherUserMustBeRefusedByTheUidTheKernelVouchesFor() throws Exception {
    assumeTrue(new com.sun.security.auth.module.UnixSystem().getUid() == 0, "needs root");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(
        socket().getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(socket(), PosixFilePermissions.fromString("rw-rw-rw-"));

    Process process =
        new ProcessBuilder(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                readableClassPath(),
                CallAsOther.class.getName(),
                socket().toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(
        output.contains("PERMISSION_DENIED: uid 65534 may not use the admin socket"), output);
  }

  /** Copies, because the originals may lie in a home directory that nobody else may enter. */
  private String readableClassPath() throws IOException {
    List<String> copies = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!entry.matches(".*(classes|grpc|guava|failureaccess|proto|perfmark).*")) {
        continue; // the call needs no more, and copying takes time
      }
      Path copy = directory.resolve("class-path").resolve(String.valueOf(copies.size()));
      copies.add(copy(Path.of(entry), copy).toString());
    }
    return String.join(File.pathSeparator, copies);
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    return to;
  }

  /** Calls as whoever runs it, and prints the answer. */
  static final class CallAsOther {
    private CallAsOther() {}

    public static void main(String[] args) {
      ManagedChannel channel = AdminChannel.open(Path.of(args[0]));
      try {
        System.out.println(
            NodeServiceGrpc.newBlockingStub(channel)
                .getStatus(GetStatusRequest.getDefaultInstance()));
      } catch (StatusRuntimeException e) {
        System.out.println(e.getMessage());
      } finally {
        channel.shutdownNow();
      }
    }
  }

  @Test
  void aSecondEngineMustNotTakeTheSocketAndALeftOverOneMustBeReplaced() throws IOException {
    IOException thrown =
        assertThrows(IOException.class, () -> AdminServer.start(config(Set.of(0)), backend()));
    assertTrue(thrown.getMessage().contains("another engine listens"), thrown.getMessage());

    Path stale = directory.resolve("stale.sock");
    try (var abandoned =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      abandoned.bind(java.net.UnixDomainSocketAddress.of(stale));
    }
    AdminServer.start(new AdminConfig(stale, Set.of(0)), backend()).close();
  }

  @Test
  void neitherAFileNorADirectoryOfOthersMustBeUsed() throws IOException {
    Path file = Files.writeString(directory.resolve("precious"), "x");
    IOException noSocket =
        assertThrows(
            IOException.class,
            () -> AdminServer.start(new AdminConfig(file, Set.of(0)), backend()));
    assertTrue(noSocket.getMessage().contains("is no socket"), noSocket.getMessage());
    assertEquals("x", Files.readString(file));

    Path shared = Files.createDirectory(directory.resolve("shared"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path inShared = shared.resolve("admin.sock");
    IOException open =
        assertThrows(
            IOException.class,
            () -> AdminServer.start(new AdminConfig(inShared, Set.of(0)), backend()));
    assertTrue(open.getMessage().contains("chmod go-w"), open.getMessage());
  }

  @Test
  void aDecisionIsExplained() throws Exception {
    var why = WhyServiceGrpc.newBlockingStub(channel);
    var policies = PolicyServiceGrpc.newBlockingStub(channel);
    ExplainDecisionRequest first = ExplainDecisionRequest.newBuilder().setId(1).build();
    assertEquals(Code.NOT_FOUND, codeOf(() -> why.explainDecision(first)));
    policies.applyPolicy(folder("name=p0\nmode=enforce"));
    policies.applyPolicy(folder("name=p1\nmode=audit"));
    log.append(record(Outcome.DENIED, "/etc/shadow"), EVENT, List.of("x"));
    explanation =
        kept ->
            new Explanation(
                kept.record(),
                List.of(
                    new Explanation.Asked("p0", 0, true, List.of("{}")),
                    new Explanation.Asked("p9 (candidate)", 9, true, List.of())),
                Explanation.Held.VERDICT,
                List.of(
                    new Explanation.Answer(0, "p0", Explanation.Said.KILL),
                    new Explanation.Answer(1, "p1", Explanation.Said.DENY),
                    new Explanation.Answer(9, "p9 (candidate)", Explanation.Said.NOT_ASKED)),
                Duration.ofHours(1));
    ExplainDecisionResponse response = why.explainDecision(first);
    assertEquals("/etc/shadow", response.getDecision().getObject());
    assertEquals("p0", response.getPolicies(0).getInForce().getName());
    assertFalse(response.getPolicies(1).hasInForce());
    assertEquals(Held.HELD_VERDICT, response.getHeld());
    assertEquals(
        List.of(Answer.ANSWER_KILL, Answer.ANSWER_DENY, Answer.ANSWER_NOT_ASKED),
        response.getAnswersList().stream().map(HeldAnswer::getAnswer).toList());
    assertEquals(
        List.of(true, false, false),
        response.getAnswersList().stream().map(HeldAnswer::getEnforced).toList());
    assertTrue(response.hasExpires());
    kernel.glass = Duration.ofSeconds(1);
    assertTrue(
        why.explainDecision(first).getAnswersList().stream().noneMatch(HeldAnswer::getEnforced),
        "the glass is broken");
  }

  @Test
  void toolsOfOthersCanAskForHealthAndForWhatThereIs() throws Exception {
    var health = HealthGrpc.newBlockingStub(channel);
    HealthCheckRequest server = HealthCheckRequest.getDefaultInstance();
    assertEquals(ServingStatus.SERVING, health.check(server).getStatus());
    decides.set(false);
    assertEquals(ServingStatus.NOT_SERVING, health.check(server).getStatus());
    HealthCheckRequest one = HealthCheckRequest.newBuilder().setService("x").build();
    assertEquals(Code.NOT_FOUND, codeOf(() -> health.check(one)));

    BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    var asked =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<ServerReflectionResponse>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable thrown) {
                    answers.add(thrown);
                  }

                  @Override
                  public void onCompleted() {}
                });
    asked.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    ServerReflectionResponse answer =
        assertInstanceOf(ServerReflectionResponse.class, answers.take());
    asked.onCompleted();
    List<String> services =
        answer.getListServicesResponse().getServiceList().stream()
            .map(ServiceResponse::getName)
            .toList();
    assertTrue(
        services.containsAll(
            List.of(
                "grpc.health.v1.Health", "interdict.v1.PolicyService", "interdict.v1.WhyService")),
        services::toString);
  }

  private void awaitWatchers(int count) throws InterruptedException {
    while (log.watchers() != count) {
      Thread.sleep(5);
    }
  }

  private Path socket() {
    return directory.resolve("run/admin.sock");
  }

  private AdminConfig config(Set<Integer> uids) {
    return new AdminConfig(socket(), uids);
  }

  private Recorder recorder() {
    return Recorder.start(
        directory.resolve("state"),
        HostNames.NONE,
        (hook, set) -> KeyMask.none(),
        "0.0-test",
        new Workers(worker -> {}));
  }

  private AdminBackend backend() {
    PolicyControl control =
        new PolicyControl(
            new TinyBuilder(),
            kernel,
            new StateStore(directory.resolve("state")),
            Clock.systemUTC());
    return new AdminBackend(
        control,
        Deliveries.start(DeliveryConfig.NONE, control.bundles(), workers),
        kernel::snapshot,
        log,
        kept -> explanation.apply(kept),
        recorder(),
        slot -> null,
        decides::get,
        () -> workers.health().toList(),
        () -> List.of(new Check("BPF LSM", Check.Result.FAILED, "not active", "boot with lsm=bpf")),
        "0.0-test",
        Instant.EPOCH);
  }

  /** What would lock an operator out says how it is meant, and comes into force when it is. */
  @Test
  void aLockoutMustBeRefusedUnlessTheRequestAcceptsIt() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    var policies = PolicyServiceGrpc.newBlockingStub(channel);
    var modes = ModeServiceGrpc.newBlockingStub(channel);
    var histories = HistoryServiceGrpc.newBlockingStub(channel);
    var candidates = CandidateServiceGrpc.newBlockingStub(channel);
    ApplyPolicyRequest one = folder("name=a\nmode=enforce");
    assertEquals(Code.FAILED_PRECONDITION, codeOf(() -> policies.applyPolicy(one)));
    policies.applyPolicy(one.toBuilder().setAcceptLockout(true).build());
    policies.applyPolicy(folder("name=a"));
    RollbackPolicyRequest back = RollbackPolicyRequest.newBuilder().setPolicy("a").build();
    assertEquals(Code.FAILED_PRECONDITION, codeOf(() -> histories.rollbackPolicy(back)));
    histories.rollbackPolicy(back.toBuilder().setAcceptLockout(true).build());
    modes.setMode(SetModeRequest.newBuilder().setMode(Mode.MODE_AUDIT).build());
    SetModeRequest host = SetModeRequest.newBuilder().setMode(Mode.MODE_ENFORCE).build();
    assertEquals(Code.FAILED_PRECONDITION, codeOf(() -> modes.setMode(host)));
    modes.setMode(host.toBuilder().addAcceptLockout("a").build());
    candidates.applyCandidate(
        ApplyCandidateRequest.newBuilder()
            .addAllSources(folder("name=a\nmode=enforce\ncode=2").getSourcesList())
            .build());
    PromoteCandidateRequest next = PromoteCandidateRequest.newBuilder().setPolicy("a").build();
    assertEquals(Code.FAILED_PRECONDITION, codeOf(() -> candidates.promoteCandidate(next)));
    candidates.promoteCandidate(next.toBuilder().setAcceptLockout(true).build());
    assertEquals(1, kernel.refusing().size());
  }

  private static ApplyPolicyRequest folder(String yaml) {
    return ApplyPolicyRequest.newBuilder()
        .addSources(
            SourceFile.newBuilder()
                .setPath("policy.yaml")
                .setContent(ByteString.copyFromUtf8(yaml)))
        .build();
  }

  private static Code codeOf(org.junit.jupiter.api.function.Executable call) {
    return assertThrows(StatusRuntimeException.class, call).getStatus().getCode();
  }

  private static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException thrown, Class<T> type) {
    for (com.google.protobuf.Any any : StatusProto.fromThrowable(thrown).getDetailsList()) {
      if (any.is(type)) {
        try {
          return any.unpack(type);
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no " + type.getSimpleName() + " in " + thrown);
  }

  private static DecisionRecord record(Outcome outcome, String object) {
    return new DecisionRecord(
        0,
        Instant.now(),
        outcome,
        Hook.FILE_OPEN,
        1,
        new DecisionRecord.Subject(
            7, 7, 1, 33, 33, "nginx", "/usr/sbin/nginx", "/a", Workload.NONE),
        object,
        List.of(new DecisionRecord.Finding("p", true, List.of("no"), List.of(), List.of())),
        false,
        true,
        1_500);
  }
}
