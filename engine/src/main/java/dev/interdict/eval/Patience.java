package dev.interdict.eval;

import dev.interdict.event.Event;
import dev.interdict.event.Event.FileEvent;
import dev.interdict.event.Event.PacketEvent;
import dev.interdict.event.Event.PeerEvent;
import dev.interdict.event.Event.SocketEvent;
import dev.interdict.event.Event.SubjectEvent;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/**
 * How much of the one thread that decides for all the failures of one policy may take: 1 per cent
 * for each who causes them, 5 per cent for all together, beside what the first ones take. So a
 * policy that always runs into its limits cannot keep others from their answers, and nobody can by
 * failures of his own keep it from being asked about others. For one thread.
 *
 * <p>Who causes them is told by what he cannot change as he likes: a user, for the superuser a
 * cgroup with him, since services and containers have him in common; of a packet the address, of
 * IPv6 its network. What a user is lent for his namespaces counts as he, and what root lends at
 * once as one: a container's root may be any user of it. Above 65,535 users count by blocks of as
 * many.
 */
final class Patience {
  /** What one has at once: three evaluations of 50 ms begin within it. */
  static final long OF_ONE_NS = 125_000_000;

  /** What all have: it takes four of them to use it up. */
  static final long OF_ALL_NS = 500_000_000;

  private static final int SHARE_OF_ONE = 100;
  private static final int SHARE_OF_ALL = 20;
  private static final int ORIGINS_MAX = 1024;
  private static final long PACKETS = -1;

  /** Comparable, since addresses of the same hash are easily made. */
  record Origin(long user, long place) implements Comparable<Origin> {
    @Override
    public int compareTo(Origin other) {
      int result = Long.compare(user, other.user);
      return result != 0 ? result : Long.compare(place, other.place);
    }
  }

  /** Time used, which is forgiven as time goes by. */
  private static final class Debt {
    private final int share;
    private long ns;
    private long sinceNs;

    Debt(int share, long nowNs) {
      this.share = share;
      this.sinceNs = nowNs;
    }

    long at(long nowNs) {
      long forgiven = (nowNs - sinceNs) / share;
      ns = Math.max(0, ns - forgiven);
      sinceNs += forgiven * share; // the rest is not lost, however often somebody looks
      return ns;
    }

    void add(long nowNs, long moreNs) {
      ns = at(nowNs) + moreNs;
    }
  }

  private final Map<Origin, Debt> origins =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Origin, Debt> eldest) {
          return size() > ORIGINS_MAX;
        }
      };
  private final LongUnaryOperator owners;
  private Debt all;

  /**
   * @param owners as {@link HostNames#owner}
   */
  Patience(LongUnaryOperator owners) {
    this.owners = owners;
  }

  /** Whether failures have used up what all may take, or what the origin of this event may. */
  boolean isSpent(Event event, long nowNs) {
    if (all == null) {
      return false;
    }
    if (all.at(nowNs) >= OF_ALL_NS) {
      return true;
    }
    Origin origin = origin(event);
    Debt debt = origins.get(origin);
    if (debt == null) {
      return false;
    }
    long left = debt.at(nowNs);
    if (left == 0) {
      origins.remove(origin);
    }
    return left >= OF_ONE_NS;
  }

  /** Without an answer about {@code event}, an evaluation took {@code ns}. */
  void failed(Event event, long nowNs, long ns) {
    if (all == null) {
      all = new Debt(SHARE_OF_ALL, nowNs);
    }
    Debt debt = origins.computeIfAbsent(origin(event), o -> new Debt(SHARE_OF_ONE, nowNs));
    all.add(nowNs, Math.min(ns, OF_ONE_NS)); // however long it was, it is not everybody's
    debt.add(nowNs, ns);
  }

  private Origin origin(Event event) {
    return switch (event) {
      case FileEvent file -> origin(file.subject());
      case SocketEvent socket -> origin(socket.subject());
      case SubjectEvent plain -> origin(plain.subject());
      case PeerEvent other -> origin(other.subject());
      case PacketEvent packet ->
          new Origin(
              PACKETS, ByteBuffer.wrap(packet.source()).getLong(packet.family() == 6 ? 0 : 8));
    };
  }

  private Origin origin(Event.Subject subject) {
    long user = Integer.toUnsignedLong(subject.uid());
    long owner = owners.applyAsLong(user);
    // A container's root is none of root's: it makes cgroups as it likes.
    return new Origin(owner > 0xffff ? owner & ~0xffffL : owner, user == 0 ? subject.cgroup() : 0);
  }
}
