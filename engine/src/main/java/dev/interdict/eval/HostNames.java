package dev.interdict.eval;

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
