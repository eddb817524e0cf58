package dev.interdict.attach;

import dev.interdict.event.Hook;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which programs of the object make up a hook. */
final class HookPrograms {
  private HookPrograms() {}

  /** The LSM programs of {@code hook}; none for packets: see {@link LinkHeader}. */
  static List<String> lsm(Hook hook) {
    return switch (hook) {
      case EXEC -> List.of("lsm_exec");
      case MMAP_EXEC -> List.of("lsm_mmap_file", "lsm_file_mprotect");
      case FILE_OPEN -> List.of("lsm_file_open", "lsm_path_mknod", "lsm_file_receive");
      case SOCKET_CONNECT ->
          List.of(
              "lsm_socket_connect",
              "lsm_socket_sendmsg",
              "lsm_socket_setsockopt",
              "lsm_socket_receive",
              "lsm_sctp_bind_connect");
      case XDP_INGRESS -> List.of();
    };
  }

  /** The LSM programs of all these hooks. */
  static Set<String> lsm(Set<Hook> hooks) {
    Set<String> programs = new TreeSet<>();
    hooks.forEach(hook -> programs.addAll(lsm(hook)));
    return programs;
  }
}
