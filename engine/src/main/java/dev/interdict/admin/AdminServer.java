package dev.interdict.admin;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The admin API on a UNIX socket. Three fences: the directory (0750), the socket (0660), and the
 * uid that the kernel vouches for on each connection.
 */
public final class AdminServer implements AutoCloseable {
  /** A policy's 16 MiB of sources, and its compiled form with the same data. */
  private static final int MAX_MESSAGE_BYTES = 40 << 20;

  private static final int MAX_METADATA_BYTES = 8 << 10;

  /** A client needs one call at a time, and one watch beside it. */
  private static final int MAX_CALLS_PER_CONNECTION = 16;

  /** How long running calls may take to end at shutdown. */
  private static final int GRACE_SECONDS = 5;

  /** Read by Netty when it unpacks the library. */
  private static final String LIBRARY_DIRECTORY = "io.grpc.netty.shaded.io.netty.native.workdir";

  private final Path socket;
  private final Server server;
  private final DecisionService decisions;
  private final EventLoopGroup loop;
  private final ExecutorService calls;

  private AdminServer(
      Path socket,
      Server server,
      DecisionService decisions,
      EventLoopGroup loop,
      ExecutorService calls) {
    this.socket = socket;
    this.server = server;
    this.decisions = decisions;
    this.loop = loop;
    this.calls = calls;
  }

  /**
   * Listens.
   *
   * @throws IOException if another engine listens there already, or the socket cannot be made
   */
  public static AdminServer start(AdminConfig config, AdminBackend backend) throws IOException {
    Throwable missing = Epoll.unavailabilityCause();
    if (missing != null) {
      throw new IOException(
          "the admin socket's native library cannot be loaded; see interdict doctor: " + missing,
          missing);
    }
    Path socket = config.socket().toAbsolutePath();
    SocketFile.prepare(socket);
    NettyLog.quiet();
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("admin", true), EpollIoHandler.newFactory());
    ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    DecisionService decisions = new DecisionService(backend.decisions());
    Server server =
        NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .executor(calls)
            .protocolNegotiator(new PeerNegotiator())
            .intercept(new PeerCheck(config.uids()))
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_METADATA_BYTES)
            .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
            .permitKeepAliveTime(30, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(false)
            .maxConnectionIdle(5, TimeUnit.MINUTES)
            .addService(MalformedCheck.before(new PolicyService(backend.control())))
            .addService(MalformedCheck.before(new ModeService(backend.control())))
            .addService(
                MalformedCheck.before(
                    new BundleService(backend.control().bundles(), backend.bundles())))
            .addService(MalformedCheck.before(new HistoryService(backend.control())))
            .addService(MalformedCheck.before(new LeaseService(backend.control().leases())))
            .addService(
                MalformedCheck.before(
                    new CandidateService(backend.control().candidates(), backend.comparisons())))
            .addService(MalformedCheck.before(new RolloutService(backend.control().rollouts())))
            .addService(MalformedCheck.before(new RecordingService(backend.recorder())))
            .addService(MalformedCheck.before(decisions))
            .addService(MalformedCheck.before(new WhyService(backend)))
            .addService(MalformedCheck.before(new NodeService(backend)))
            .addService(MalformedCheck.before(new HealthService(backend.decides())))
            .addService(ProtoReflectionServiceV1.newInstance())
            .build();
    AdminServer admin = new AdminServer(socket, server, decisions, loop, calls);
    try {
      server.start();
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
    } catch (Throwable e) {
      admin.close();
      throw new IOException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
    return admin;
  }

  /**
   * Has the native library of the socket unpacked in {@code directory} before it is first used,
   * because /tmp is often mounted noexec; where the directory cannot be used, in /tmp.
   *
   * @return why the socket cannot work; null: it can
   */
  public static String probe(Path directory) {
    if (Files.isWritable(directory)) {
      System.setProperty(LIBRARY_DIRECTORY, directory.toString());
    }
    Throwable missing = Epoll.unavailabilityCause();
    if (missing == null) {
      return null;
    }
    Throwable cause = missing.getCause() == null ? missing : missing.getCause();
    return cause.toString().lines().findFirst().orElse("");
  }

  /** Ends the watches, lets other calls finish for a few seconds, and removes the socket. */
  @Override
  public void close() {
    server.shutdown();
    decisions.close();
    try {
      if (!server.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    calls.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      System.getLogger(AdminServer.class.getName())
          .log(System.Logger.Level.WARNING, "the socket " + socket + " stays", e);
    }
  }
}
