package dev.interdict.service;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.UnixDatagrams;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What has started this process and wants to be told how it is, by the protocol of {@code
 * sd_notify(3)}: systemd, or another that speaks it. Safe for use by many threads.
 */
public final class ServiceManager {
  private static final Logger LOG = System.getLogger(ServiceManager.class.getName());
  private static final String ADDRESS = "NOTIFY_SOCKET";
  private static final String WATCHDOG = "WATCHDOG_USEC";
  private static final String WATCHED = "WATCHDOG_PID";
  private static final int NS_PER_USEC = 1000;

  private final String address;
  private final Duration watchdog;
  private final AtomicBoolean failing = new AtomicBoolean();

  private ServiceManager(String address, Duration watchdog) {
    this.address = address;
    this.watchdog = watchdog;
  }

  /**
   * Who wants to be told, by what it has put into the environment; nobody if it says nothing, or
   * nothing that can be used, which is logged.
   *
   * @param pid of this process: a watchdog may be meant for another
   */
  public static Optional<ServiceManager> of(Map<String, String> environment, long pid) {
    String address = environment.getOrDefault(ADDRESS, "");
    if (address.isEmpty()) {
      return Optional.empty();
    }
    if (!UnixDatagrams.isAddress(address)) {
      LOG.log(
          Level.WARNING,
          "nobody is told of the engine: {0} is \"{1}\", and only UNIX sockets are known",
          ADDRESS,
          address);
      return Optional.empty();
    }
    return Optional.of(new ServiceManager(address, watchdog(environment, pid)));
  }

  private static Duration watchdog(Map<String, String> environment, long pid) {
    String usec = environment.getOrDefault(WATCHDOG, "");
    String watched = environment.getOrDefault(WATCHED, "");
    if (usec.isEmpty() || !(watched.isEmpty() || watched.equals(Long.toString(pid)))) {
      return Duration.ZERO;
    }
    if (!usec.matches("[0-9]{1,15}")) {
      LOG.log(Level.WARNING, "no watchdog: {0} is \"{1}\", which is no number", WATCHDOG, usec);
      return Duration.ZERO;
    }
    return Duration.ofNanos(Long.parseLong(usec) * NS_PER_USEC);
  }

  /** Without a sign of life for so long the process is ended and started again; zero: it is not. */
  public Duration watchdog() {
    return watchdog;
  }

  /**
   * Tells it something. What cannot be told is logged once, until it can be again.
   *
   * @param assignments such as {@code READY=1}; received together
   * @return whether it was told
   */
  boolean tell(String... assignments) {
    try {
      UnixDatagrams.send(address, String.join("\n", assignments).getBytes(StandardCharsets.UTF_8));
    } catch (BpfException e) {
      if (!failing.getAndSet(true)) {
        LOG.log(Level.WARNING, "the service manager is not told: {0}", e.getMessage());
      }
      return false;
    }
    if (failing.getAndSet(false)) {
      LOG.log(Level.INFO, "the service manager is told again");
    }
    return true;
  }
}
