package dev.interdict.attach;

import dev.interdict.event.Hook;
import dev.interdict.libbpf.KernelProbe;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which programs of the object make up a hook. */
final class HookPrograms {
  /** Beside the programs of any hook: keeps real stops apart from those of sending round. */
  static final String SIGNALS = "tp_signal_generate";

  /** With it tasks go round without a signal. */
  private static final String TASK_WORK = "bpf_task_work_schedule_signal";

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

  /** The programs of all these hooks. */
  static Set<String> of(Set<Hook> hooks) {
    Set<String> programs = new TreeSet<>();
    hooks.forEach(hook -> programs.addAll(lsm(hook)));
    if (!programs.isEmpty() && !KernelProbe.hasFunction(TASK_WORK)) {
      programs.add(SIGNALS);
    }
    return programs;
  }
}
