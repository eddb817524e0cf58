package dev.interdict.admin;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/** The client's end of the admin socket; without native code, so that it starts anywhere. */
public final class AdminChannel {
  private static final int MAX_MESSAGE_BYTES = 40 << 20;

  /** Every diagnostic of a policy travels in the trailers. */
  private static final int MAX_METADATA_BYTES = 64 << 10;

  /** A daemon, so that it keeps no program from ending. */
  private static final EventLoopGroup LOOP =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("admin-client", true), NioIoHandler.newFactory());

  private AdminChannel() {}

  /** A channel to {@code socket}; connects with the first call. The caller shuts it down. */
  public static ManagedChannel open(Path socket) {
    NettyLog.quiet();
    return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
        .channelType(NioDomainSocketChannel.class)
        .eventLoopGroup(LOOP)
        .overrideAuthority("interdict")
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .maxInboundMetadataSize(MAX_METADATA_BYTES)
        .usePlaintext()
        .build();
  }
}
