package dev.interdict.engine;

import dev.interdict.eval.HostNames;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.workload.Workloads;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;

/**
 * Names from the kernel, asked for once. A cgroup's number is never used again and its path never
 * changes, so what was found stays true; an interface can be renamed, so its names are dropped with
 * {@link #refresh}, as is what could not be found.
 */
final class KernelNames implements HostNames {
  /** Cgroups without a path that are remembered. */
  private static final int UNTOLD_MAX = 8192;

  /** What is remembered of cgroups, in bytes, with their paths. */
  static final long BYTES = 4 << 20;

  /** Beside the path: what its container is called, mostly. */
  private static final int PLACE_BYTES = 512;

  /** After this what had no path is asked for again. */
  private static final long UNTOLD_KEEPS_NS = Duration.ofMillis(100).toNanos();

  private final LongFunction<Optional<Cgroups.Place>> cgroups;
  private final NameSets files;
  private final LongFunction<List<String>> labels;
  private final Workloads workloads;

  /* Users make as many as they like: theirs must not push out the host's. */
  private final Recent<Place> hosts = new Recent<>(BYTES, Place::bytes);
  private final Recent<Place> users = new Recent<>(BYTES, Place::bytes);
  private final Map<Integer, Optional<byte[]>> interfaces = new ConcurrentHashMap<>();
  private final Set<Long> untold = ConcurrentHashMap.newKeySet();
  private final SubordinateIds lent = new SubordinateIds(Path.of("/etc"));

  /** A cgroup: where it is, and whose; of one whose path cannot be told, of one above it. */
  private record Place(byte[] path, boolean whole, Workloads.Entry entry) {
    int bytes() {
      return path.length + PLACE_BYTES;
    }
  }

  /**
   * @param cgroups where the cgroup of a number is; empty if it cannot be told, or not now
   * @param labels what the labels of some bits are called
   */
  KernelNames(
      LongFunction<Optional<Cgroups.Place>> cgroups,
      NameSets files,
      Workloads workloads,
      LongFunction<List<String>> labels) {
    this.labels = labels;
    this.cgroups = cgroups;
    this.workloads = workloads;
    this.files = files;
  }

  @Override
  public byte[] cgroupPath(long id) {
    Place place = place(id);
    return place == null || !place.whole ? null : place.path;
  }

  @Override
  public Workload workload(long cgroup) {
    Place place = place(cgroup);
    return place == null || !place.whole ? Workload.UNTOLD : place.entry.workload();
  }

  @Override
  public Location location(long cgroup) {
    Place place = place(cgroup);
    return place == null
        ? new Location(null, Workload.UNTOLD)
        : new Location(place.path, place.entry.workload());
  }

  @Override
  public long settle(long cgroup, long sinceNs) {
    Place place = place(cgroup);
    return place == null ? UNTOLD_KEEPS_NS : place.entry.settle(sinceNs);
  }

  private Place place(long id) {
    Place known = hosts.get(id);
    if (known == null) {
      known = users.get(id);
    }
    if (known != null || untold.contains(id)) {
      return known;
    }
    Cgroups.Place found = cgroups.apply(id).orElse(null);
    if (found == null) {
      if (untold.size() < UNTOLD_MAX) {
        untold.add(id);
      }
      return null;
    }
    Place place = new Place(found.path(), found.whole(), workloads.enter(found.path()));
    return (place.entry.isUsers() ? users : hosts).keep(id, place);
  }

  @Override
  public long owner(long user) {
    return lent.owner(user);
  }

  @Override
  public List<String> labels(long bits) {
    return labels.apply(bits);
  }

  @Override
  public byte[] interfaceName(int index) {
    return interfaces
        .computeIfAbsent(
            index, i -> Interfaces.name(i).map(name -> name.getBytes(StandardCharsets.UTF_8)))
        .orElse(null);
  }

  @Override
  public Set<String> fileNames(int number) {
    return files.names(number);
  }

  void refresh() {
    interfaces.clear();
    untold.clear();
    lent.refresh();
  }
}
