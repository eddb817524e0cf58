package dev.interdict.libbpf;

import dev.interdict.testkit.FdLeaks;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("native")
@ExtendWith(FdLeaks.class)
class KernelMapIT extends BpfMapContract {
  @Override
  BpfMap create(int type, int keyBytes, int valueBytes, int maxEntries) {
    return KernelMap.create("contract", type, keyBytes, valueBytes, maxEntries, 0);
  }
}
