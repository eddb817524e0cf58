package dev.interdict.admin;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.grpc.netty.ProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.PeerCredentials;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import java.io.IOException;

/**
 * Plain HTTP/2, with the caller's credentials among the connection's attributes. The kernel took
 * them down when the caller connected ({@code SO_PEERCRED}); the caller cannot choose them.
 */
final class PeerNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {
  /** Who connected; absent if the kernel did not say. */
  static final Attributes.Key<PeerCredentials> PEER = Attributes.Key.create("interdict.peer");

  @Override
  public AsciiString scheme() {
    return AsciiString.of("http");
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
    ChannelHandler last = InternalProtocolNegotiators.grpcNegotiationHandler(grpc);
    return InternalProtocolNegotiators.waitUntilActiveHandler(
        new Credentials(last), grpc.getNegotiationLogger());
  }

  @Override
  public void close() {}

  private static final class Credentials extends ChannelInboundHandlerAdapter {
    private final ChannelHandler next;

    Credentials(ChannelHandler next) {
      this.next = next;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws IOException {
      if (!(event instanceof ProtocolNegotiationEvent negotiation)) {
        context.fireUserEventTriggered(event);
        return;
      }
      PeerCredentials peer = ((EpollDomainSocketChannel) context.channel()).peerCredentials();
      Attributes attributes =
          InternalProtocolNegotiationEvent.getAttributes(negotiation).toBuilder()
              .set(PEER, peer)
              .build();
      context.pipeline().replace(context.name(), null, next);
      context.fireUserEventTriggered(
          InternalProtocolNegotiationEvent.withAttributes(negotiation, attributes));
    }
  }
}
