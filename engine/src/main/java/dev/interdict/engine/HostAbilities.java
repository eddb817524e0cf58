package dev.interdict.engine;

import dev.interdict.attach.LinkHeader;
import dev.interdict.control.Check;
import dev.interdict.control.Objection;
import dev.interdict.event.Hook;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.libbpf.KernelProbe;
import dev.interdict.libbpf.KernelProbe.Finding;
import dev.interdict.policy.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What this host can do, as found when the engine started. A policy that asks for more is refused
 * with the reason: watching in silence where somebody believes in enforcement would be worse than
 * nothing.
 *
 * @param findings every requirement, holding or not
 */
public record HostAbilities(List<Finding> findings) {
  private static final Set<String> FOR_ALL = Set.of("libbpf", "bpffs", "cgroup2", "ring-buffer");
  private static final Set<String> FOR_TASKS =
      Set.of("kernel-btf", "kernel-symbols", "lsm-list", "bpf-lsm");
  private static final Set<String> FOR_NAMESPACES = Set.of("user-namespaces");
  private static final Set<String> FOR_PACKETS = Set.of("xdp");

  /** Tries everything; takes a moment and leaves nothing behind. */
  public static HostAbilities probe() {
    return new HostAbilities(KernelProbe.run());
  }

  /** Whether programs can run at {@code hook}. */
  public boolean can(Hook hook) {
    return missing(hook).isEmpty();
  }

  /** As the admin API and {@code interdict doctor} show them. */
  public List<Check> checks() {
    return findings.stream()
        .map(
            f ->
                new Check(
                    f.what(),
                    f.ok() ? Check.Result.OK : Check.Result.FAILED,
                    f.detail(),
                    f.remedy()))
        .toList();
  }

  /** What keeps this host from doing what {@code policy} asks. */
  List<Objection> objections(Policy policy) {
    List<Objection> all = new ArrayList<>();
    for (Hook hook : policy.hooks()) {
      for (Finding missing : missing(hook)) {
        all.add(
            new Objection(
                "hook " + hook.id(), missing.what() + ": " + missing.detail(), missing.remedy()));
      }
    }
    List<String> interfaces = policy.scope().interfaces();
    if (policy.hooks().contains(Hook.XDP_INGRESS) && interfaces.isEmpty()) {
      all.add(
          new Objection(
              "hook " + Hook.XDP_INGRESS.id(),
              "the policy names no interface",
              "list them under spec.scope.interfaces"));
    }
    for (String name : interfaces) {
      if (Interfaces.index(name).isPresent() && LinkHeader.of(name).isEmpty()) {
        all.add(
            new Objection(
                "interface " + name,
                LinkHeader.unknown(name),
                "name an interface with Ethernet or IP frames"));
      }
    }
    return all;
  }

  /** Why nothing runs at {@code hook}. */
  public String detail(Hook hook) {
    List<Finding> missing = missing(hook);
    if (missing.isEmpty()) {
      return "no policy asks for it";
    }
    Finding first = missing.getFirst();
    return first.what() + ": " + first.detail() + "; " + first.remedy();
  }

  private List<Finding> missing(Hook hook) {
    Set<String> own = hook == Hook.XDP_INGRESS ? FOR_PACKETS : FOR_TASKS;
    return findings.stream()
        .filter(f -> !f.ok())
        .filter(
            f ->
                FOR_ALL.contains(f.id())
                    || own.contains(f.id())
                    || (hook == Hook.USER_NAMESPACE && FOR_NAMESPACES.contains(f.id())))
        .toList();
  }
}
