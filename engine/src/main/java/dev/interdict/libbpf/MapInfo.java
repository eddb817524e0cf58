package dev.interdict.libbpf;

/**
 * What a map is; {@code struct bpf_map_info}.
 *
 * @param type {@code enum bpf_map_type}
 * @param flags {@code BPF_F_}...
 * @param id the kernel's number; 0 if the map is not in the kernel
 * @param possibleCpus how many values a lookup returns if the map is per CPU
 */
public record MapInfo(
    String name,
    int type,
    int keyBytes,
    int valueBytes,
    int maxEntries,
    int flags,
    int id,
    int possibleCpus) {
  public static final int HASH = 1;
  public static final int ARRAY = 2;
  public static final int PERCPU_HASH = 5;
  public static final int PERCPU_ARRAY = 6;
  public static final int RINGBUF = 27;

  /** {@code BPF_F_MMAPABLE}. */
  public static final int MMAPABLE = 1 << 10;

  /** Whether each CPU has a value of its own. */
  public boolean perCpu() {
    return type == PERCPU_HASH || type == PERCPU_ARRAY;
  }

  /** Bytes of one CPU's value in what a lookup returns. */
  public int strideBytes() {
    return perCpu() ? (valueBytes + 7) & ~7 : valueBytes;
  }

  /** Bytes that a lookup returns and an update takes. */
  public int transferBytes() {
    return perCpu() ? strideBytes() * possibleCpus : valueBytes;
  }

  /** Whether keys, values and kind are those of {@code other}; sizes may differ. */
  public boolean sameLayout(MapInfo other) {
    return type == other.type
        && keyBytes == other.keyBytes
        && valueBytes == other.valueBytes
        && flags == other.flags;
  }

  /** The shape, for messages. */
  public String shape() {
    return "type %d, key %d, value %d, entries %d, flags 0x%x"
        .formatted(type, keyBytes, valueBytes, maxEntries, flags);
  }
}
