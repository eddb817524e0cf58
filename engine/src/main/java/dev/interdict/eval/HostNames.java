package dev.interdict.eval;

import dev.interdict.event.Workload;
import java.util.List;
import java.util.Set;

/**
 * Names for numbers that only this host can resolve. Called for each event: answers come from
 * memory. Safe for use by many threads.
 */
public interface HostNames {

  /** No name is known. */
  HostNames NONE =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return null;
        }

        @Override
        public byte[] interfaceName(int index) {
          return null;
        }

        @Override
        public Set<String> fileNames(int number) {
          return Set.of();
        }
      };

  /**
   * Path of a cgroup below the cgroup v2 root, such as {@code /system.slice/nginx.service}: raw
   * bytes, at most {@code PATH_BYTES}; null if unknown.
   */
  byte[] cgroupPath(long id);

  /** Whose that cgroup is: {@link Workload#UNTOLD} where its path is unknown, never null. */
  default Workload workload(long cgroup) {
    return Workload.of(cgroupPath(cgroup));
  }

  /**
   * Where a cgroup is, and whose.
   *
   * @param path as {@link #cgroupPath}; null if unknown
   * @param whose as {@link #workload}
   */
  record Location(byte[] path, Workload whose) {}

  /**
   * Where that cgroup is, to say whose scope covers it: both of one look-up. Of one whose path is
   * too long to be told it is that of the nearest one above it whose path is not: whoever may make
   * cgroups below his own leaves no scope by going deeper.
   */
  default Location location(long cgroup) {
    return new Location(cgroupPath(cgroup), workload(cgroup));
  }

  /**
   * Looks up whose that cgroup is, if that is not known for good and was not looked up since, and
   * waits for a moment at the most. To be called before policies are asked that read it.
   *
   * @param sinceNs {@code CLOCK_BOOTTIME}
   * @return 0: {@link #workload} gives the same answer as long as the cgroup is there; else for how
   *     many nanoseconds a decision may be kept that rests on it
   */
  default long settle(long cgroup, long sinceNs) {
    return 0;
  }

  /** What the labels of these bits of a process are called, sorted, each once. */
  default List<String> labels(long bits) {
    return List.of();
  }

  /** Name of a network interface, such as {@code eth0}: raw bytes; null if unknown. */
  byte[] interfaceName(int index);

  /**
   * Whose a user is: of one that the host lends to another for his namespaces that other one; of
   * one that it lends to root the first of those lent with him, since root's containers are not
   * root; else the user himself.
   */
  default long owner(long user) {
    return user;
  }

  /**
   * The set of names that the kernel's side knows by this number: paths that policies mention;
   * empty for 0, null if nobody here has given the number out.
   */
  Set<String> fileNames(int number);
}
