package dev.interdict.attach;

import dev.interdict.event.Hook;
import dev.interdict.libbpf.KernelProbe;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Which programs of the object make up a hook. */
final class HookPrograms {
  /** Beside the programs of any hook: keeps real stops apart from those of sending round. */
  static final String SIGNALS = "tp_signal_generate";

  /** Where policies set labels: that children have them, and the program that an execve starts. */
  static final Set<String> LABELS =
      Set.of(
          "lsm_task_alloc",
          "tp_task_newtask",
          "tp_sched_process_exit",
          "lsm_exec_begins",
          "lsm_exec_done");

  /** Whether tasks go round without a signal; to ask takes reading all that the kernel has. */
  private static final class TaskWork {
    static final boolean THERE = KernelProbe.hasFunction("bpf_task_work_schedule_signal");
  }

  /**
   * Programs at hooks that came with Linux 6.2. On an older kernel others of the same policy hook
   * are asked instead: path_truncate, inode_setxattr and inode_removexattr.
   */
  private static final Map<String, String> SINCE_6_2 =
      Map.of(
          "lsm_file_truncate", "file_truncate",
          "lsm_inode_set_acl", "inode_set_acl",
          "lsm_inode_remove_acl", "inode_remove_acl");

  /**
   * Those of them that have no place here. Looked for once, when first needed: it takes reading all
   * the types of the kernel.
   */
  private static final class Homeless {
    static final Set<String> PROGRAMS =
        SINCE_6_2.entrySet().stream()
            .filter(program -> !KernelProbe.hasLsmHook(program.getValue()))
            .map(Map.Entry::getKey)
            .collect(Collectors.toUnmodifiableSet());
  }

  private HookPrograms() {}

  /** Whether it hangs at a tracepoint, and not at a hook. */
  static boolean isTracepoint(String program) {
    return program.startsWith("tp_");
  }

  /** The LSM programs of {@code hook} here; none for packets: see {@link LinkHeader}. */
  static List<String> lsm(Hook hook) {
    return all(hook).stream().filter(HookPrograms::hasPlace).toList();
  }

  private static boolean hasPlace(String program) {
    return !SINCE_6_2.containsKey(program) || !Homeless.PROGRAMS.contains(program);
  }

  private static List<String> all(Hook hook) {
    return switch (hook) {
      case EXEC -> List.of("lsm_exec");
      case MMAP_EXEC -> List.of("lsm_mmap_file", "lsm_file_mprotect");
      case FILE_OPEN -> List.of("lsm_file_open", "lsm_path_mknod", "lsm_file_receive");
      case FILE_CHANGE ->
          List.of(
              "lsm_path_unlink",
              "lsm_path_rmdir",
              "lsm_path_mkdir",
              "lsm_path_symlink",
              "lsm_path_mknod_special",
              "lsm_path_link",
              "lsm_path_rename",
              "lsm_path_chmod",
              "lsm_path_chown",
              "lsm_path_truncate",
              "lsm_file_truncate",
              "lsm_inode_setxattr",
              "lsm_inode_removexattr",
              "lsm_inode_set_acl",
              "lsm_inode_remove_acl");
      case SOCKET_CONNECT ->
          List.of(
              "lsm_socket_connect",
              "lsm_socket_sendmsg",
              "lsm_socket_setsockopt",
              "lsm_socket_receive",
              "lsm_sctp_bind_connect");
      case SOCKET_BIND -> List.of("lsm_socket_bind", "lsm_sctp_bind");
      case SOCKET_LISTEN -> List.of("lsm_socket_listen");
      case USER_NAMESPACE -> List.of("lsm_userns_create");
      case MODULE_LOAD ->
          List.of("lsm_kernel_read_file", "lsm_kernel_load_data", "lsm_kernel_module_request");
      case PTRACE -> List.of("lsm_ptrace_access_check", "lsm_ptrace_traceme");
      case SIGNAL -> List.of("lsm_task_kill");
      case MOUNT ->
          List.of(
              "lsm_sb_mount",
              "lsm_move_mount",
              "lsm_sb_umount",
              "lsm_sb_remount",
              "lsm_sb_pivotroot",
              "lsm_path_chroot");
      case SOCKET_ACCEPT -> List.of("lsm_socket_accept");
      case SOCKET_CREATE -> List.of("lsm_socket_create");
      case XDP_INGRESS -> List.of();
    };
  }

  /**
   * The programs of all these hooks.
   *
   * @param labels whether a policy sets labels
   */
  static Set<String> of(Set<Hook> hooks, boolean labels) {
    Set<String> programs = new TreeSet<>();
    hooks.forEach(hook -> programs.addAll(lsm(hook)));
    if (labels) {
      programs.addAll(LABELS);
    }
    if (!programs.isEmpty() && !TaskWork.THERE) {
      programs.add(SIGNALS);
    }
    return programs;
  }
}
