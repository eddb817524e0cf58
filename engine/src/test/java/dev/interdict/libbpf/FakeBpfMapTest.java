package dev.interdict.libbpf;

import dev.interdict.testkit.FakeBpfMap;

class FakeBpfMapTest extends BpfMapContract {
  @Override
  BpfMap create(int type, int keyBytes, int valueBytes, int maxEntries) {
    return new FakeBpfMap(type, keyBytes, valueBytes, maxEntries);
  }
}
