package dev.interdict.admin;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.netty.channel.unix.PeerCredentials;
import java.util.Set;
import java.util.TreeSet;

/** Lets only known users call. */
final class PeerCheck implements ServerInterceptor {
  private final Set<Integer> uids;

  PeerCheck(Set<Integer> uids) {
    this.uids = uids;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    PeerCredentials peer = call.getAttributes().get(PeerNegotiator.PEER);
    if (peer != null && uids.contains(peer.uid())) {
      return next.startCall(call, headers);
    }
    String caller = peer == null ? "a caller of unknown uid" : "uid " + peer.uid();
    Statuses.refuse(
        call,
        Statuses.permissionDenied(
            "%s may not use the admin socket; allowed: uid %s"
                .formatted(caller, new TreeSet<>(uids))));
    return new ServerCall.Listener<>() {};
  }
}
