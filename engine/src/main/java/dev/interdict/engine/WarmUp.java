package dev.interdict.engine;

import dev.interdict.eval.EvaluationException;
import dev.interdict.eval.Evaluator;
import dev.interdict.eval.HostNames;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.event.Access;
import dev.interdict.event.Event;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.RecordKind;
import dev.interdict.event.SlotSet;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Evaluates a new policy on made-up events until the JIT compiler has seen enough of it: otherwise
 * the first tasks that are held wait tens of milliseconds for code that runs in microseconds soon
 * after. What its trial asks comes first, until it answers that within its limits.
 */
final class WarmUp {
  /**
   * C2 compiles a method after 10,000 calls; what an evaluation calls often is compiled long
   * before.
   */
  private static final int EVALUATIONS = 12_000;

  /*
   * Policies have all but a few functions in common, and those are warm after the first: what is
   * left is compiled by C1 after 200 calls, and runs some times slower than it will, not some
   * hundred times. A policy that is slow for what it does cannot be warmed.
   */
  private static final int EVALUATIONS_OF_OWN = 300;

  private static final Duration TIME_OF_OWN = Duration.ofMillis(20);

  private final Duration limit;

  /** Where the common code is warm. */
  private final Set<Hook> warm = ConcurrentHashMap.newKeySet();

  /**
   * @param limit no longer than this for one hook
   */
  WarmUp(Duration limit) {
    this.limit = limit;
  }

  void run(PolicyModule module, Set<Hook> hooks) {
    PolicyTrial.warmUp(module, hooks);
    try (Evaluator evaluator = module.newEvaluator(HostNames.NONE)) {
      for (Hook hook : hooks) {
        boolean first = warm.add(hook);
        int evaluations = first ? EVALUATIONS : EVALUATIONS_OF_OWN;
        long time = (first ? limit : TIME_OF_OWN).toNanos();
        long start = System.nanoTime();
        for (int i = 0; i < evaluations && System.nanoTime() - start < time; i++) {
          evaluate(evaluator, event(hook, i));
        }
      }
    }
  }

  private static void evaluate(Evaluator evaluator, Event event) {
    try {
      evaluator.evaluate(event);
    } catch (EvaluationException e) {
      // It will fail on real events too, and be counted there.
    }
  }

  private static Event event(Hook hook, int i) {
    Event.Head head =
        new Event.Head(
            RecordKind.DECIDE,
            0,
            0,
            hook,
            access(hook).bit(),
            0,
            new byte[0],
            SlotSet.NONE,
            SlotSet.NONE,
            SlotSet.NONE);
    byte[] path = ("/usr/lib/warm-up/" + i).getBytes(StandardCharsets.US_ASCII);
    Event.Subject subject =
        new Event.Subject(2, 2, 1, 1000, 1000, 1000, 1000, 1, 1, path, FileNames.NONE, 1, 1, path);
    byte[] address = new byte[16];
    address[15] = (byte) i;
    return switch (hook) {
      case EXEC, MMAP_EXEC, FILE_OPEN, FILE_CHANGE, MODULE_LOAD, MOUNT ->
          new Event.FileEvent(head, subject, path, FileNames.NONE, 1, i, 0, 0, 0, 0100644);
      case SOCKET_CONNECT, SOCKET_BIND, SOCKET_LISTEN, SOCKET_CREATE, SOCKET_ACCEPT ->
          new Event.SocketEvent(head, subject, 6, address, i & 0xffff, 1, 6);
      case USER_NAMESPACE -> new Event.SubjectEvent(head, subject);
      case PTRACE, SIGNAL ->
          new Event.PeerEvent(
              head, subject, new Event.Peer(1000, 1, i, path, FileNames.NONE, 1), i % 31 + 1);
      case XDP_INGRESS ->
          new Event.PacketEvent(head, 6, 6, address, address, i & 0xffff, 443, 1, 64);
    };
  }

  private static Access access(Hook hook) {
    return switch (hook) {
      case EXEC -> Access.EXEC;
      case MMAP_EXEC -> Access.MAP;
      case FILE_OPEN -> Access.READ;
      case FILE_CHANGE -> Access.RENAME;
      case SOCKET_CONNECT -> Access.CONNECT;
      case SOCKET_BIND -> Access.BIND;
      case SOCKET_LISTEN -> Access.LISTEN;
      case SOCKET_CREATE, USER_NAMESPACE -> Access.CREATE;
      case SOCKET_ACCEPT -> Access.ACCEPT;
      case MODULE_LOAD -> Access.MODULE;
      case PTRACE -> Access.ATTACH;
      case SIGNAL -> Access.SEND;
      case MOUNT -> Access.MOUNT;
      case XDP_INGRESS -> Access.RECEIVE;
    };
  }
}
