package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.FdLeaks;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("native")
@ExtendWith(FdLeaks.class)
class KernelProbeIT {

  @Test
  void everyRequirementIsAnsweredAndWhatFailsHasARemedy() {
    List<KernelProbe.Finding> findings = KernelProbe.run();
    assertEquals(
        List.of(
            "libbpf",
            "kernel-btf",
            "kernel-symbols",
            "bpffs",
            "cgroup2",
            "lsm-list",
            "ring-buffer",
            "bpf-lsm",
            "user-namespaces",
            "xdp"),
        findings.stream().map(KernelProbe.Finding::id).toList());
    for (KernelProbe.Finding finding : findings) {
      assertFalse(finding.detail().isEmpty(), finding.toString());
      assertEquals(finding.ok(), finding.remedy().isEmpty(), finding.toString());
    }
    assertTrue(of(findings, "libbpf").detail().matches("libbpf 1\\.\\d+"));
    assertTrue(of(findings, "ring-buffer").ok(), "these tests need it");
    assertTrue(of(findings, "xdp").ok(), "these tests need it");
  }

  private static KernelProbe.Finding of(List<KernelProbe.Finding> findings, String id) {
    return findings.stream().filter(f -> f.id().equals(id)).findFirst().orElseThrow();
  }
}
