package dev.interdict.engine;

import dev.interdict.delivery.DeliveryConfig;
import dev.interdict.eval.Limits;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How one engine runs on one host. Immutable.
 *
 * @param stateDirectory applied policies and their revisions; survives a reboot
 * @param cacheDirectory translated policies by digest; may be deleted at any time
 * @param socket UNIX socket of the admin API
 * @param pins directory on a bpffs that keeps links and maps alive when the engine is gone
 * @param poll stage 1 of holding: at most this long inside the hook. The engine answers in tens of
 *     microseconds when it spins; longer would cost the waiting task's processor more than a
 *     restart does
 * @param patience the same where a call cannot be issued again (io_uring, an execve's loader), or
 *     its program would notice: the first get the fallback after it
 * @param deadline a held call gets the fallback when the engine has been silent for so long
 * @param stale a heartbeat older than this means that the engine is lost and nobody waits
 * @param spin how long the consumer looks for more records before it sleeps; a wake-up costs 40 to
 *     60 microseconds
 * @param warmUp evaluations of a new policy before it decides, so that its first held event does
 *     not wait for the JIT compiler; bounded by this time
 * @param bundles where policies come from beside those that are applied by hand
 * @param outlets who is told what the engine does, beside who asks its socket
 */
public record EngineConfig(
    Path stateDirectory,
    Path cacheDirectory,
    Path socket,
    Path pins,
    Duration poll,
    Duration patience,
    Duration deadline,
    Duration stale,
    Duration spin,
    Duration warmUp,
    DeliveryConfig bundles,
    Outlets outlets) {

  private static final Duration DEADLINE =
      Duration.ofMillis(Long.getLong("interdict.deadline.ms", 200));

  /**
   * The paths and times of a host that was not configured otherwise. On an emulated machine
   * everything is ten times slower: there the system property {@code interdict.deadline.ms} gives
   * held calls more time.
   */
  public static final EngineConfig DEFAULT =
      new EngineConfig(
          Path.of("/var/lib/interdict"),
          Path.of("/var/cache/interdict"),
          Path.of("/run/interdict/admin.sock"),
          Path.of("/sys/fs/bpf/interdict"),
          Duration.ofNanos(100_000),
          DEADLINE.multipliedBy(2),
          DEADLINE,
          DEADLINE.multipliedBy(5),
          Duration.ofNanos(50_000),
          Duration.ofMillis(500),
          DeliveryConfig.NONE,
          Outlets.NONE);

  /**
   * What one evaluation may use: a quarter of the deadline, so that a policy that loops is stopped
   * while others that wait can still be answered.
   */
  Limits limits() {
    return new Limits(deadline.dividedBy(4), Limits.DEFAULT.memoryBytes());
  }

  /** The same times at other places: an engine beside the usual one. */
  public EngineConfig at(Path state, Path cache, Path adminSocket, Path pinDirectory) {
    return new EngineConfig(
        state,
        cache,
        adminSocket,
        pinDirectory,
        poll,
        patience,
        deadline,
        stale,
        spin,
        warmUp,
        bundles,
        outlets);
  }

  /** The same with these sources of bundles. */
  public EngineConfig with(DeliveryConfig sources) {
    return new EngineConfig(
        stateDirectory,
        cacheDirectory,
        socket,
        pins,
        poll,
        patience,
        deadline,
        stale,
        spin,
        warmUp,
        sources,
        outlets);
  }

  /** The same with these outlets. */
  public EngineConfig with(Outlets told) {
    return new EngineConfig(
        stateDirectory,
        cacheDirectory,
        socket,
        pins,
        poll,
        patience,
        deadline,
        stale,
        spin,
        warmUp,
        bundles,
        told);
  }
}
