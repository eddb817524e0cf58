package dev.interdict.eval;

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
      };

  /**
   * Path of a cgroup below the cgroup v2 root, such as {@code /system.slice/nginx.service}: raw
   * bytes, at most {@code PATH_BYTES}; null if unknown.
   */
  byte[] cgroupPath(long id);

  /** Name of a network interface, such as {@code eth0}: raw bytes; null if unknown. */
  byte[] interfaceName(int index);
}
