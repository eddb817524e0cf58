package dev.interdict.engine;

import dev.interdict.eval.HostNames;
import dev.interdict.event.Workload;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.libbpf.Interfaces;
import dev.interdict.workload.Workloads;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Names from the kernel, asked for once. A cgroup's number is never used again and its path never
 * changes, so what was found stays true; an interface can be renamed, so its names are dropped with
 * {@link #refresh}, as is what could not be found.
 */
final class KernelNames implements HostNames {
  /** As many cgroups as are remembered, and as many before them. */
  private static final int CAPACITY = 8192;

  private final Cgroups cgroups;
  private final NameSets files;
  private final Workloads workloads;
  private volatile Map<Long, Place> places = new ConcurrentHashMap<>();

  /* Those before: what is asked for all the time is never forgotten, least of all in between. */
  private volatile Map<Long, Place> older = Map.of();
  private final Map<Integer, Optional<byte[]>> interfaces = new ConcurrentHashMap<>();
  private final Set<Long> untold = ConcurrentHashMap.newKeySet();
  private final SubordinateIds lent = new SubordinateIds(Path.of("/etc"));

  /** A cgroup: where it is, and whose. */
  private record Place(byte[] path, Workloads.Entry entry) {}

  KernelNames(Cgroups cgroups, NameSets files, Workloads workloads) {
    this.cgroups = cgroups;
    this.workloads = workloads;
    this.files = files;
  }

  @Override
  public byte[] cgroupPath(long id) {
    Place place = place(id);
    return place == null ? null : place.path;
  }

  @Override
  public Workload workload(long cgroup) {
    Place place = place(cgroup);
    return place == null ? Workload.UNTOLD : place.entry.workload();
  }

  @Override
  public boolean settle(long cgroup, long sinceNs) {
    Place place = place(cgroup);
    return place == null || place.entry.settle(sinceNs);
  }

  private Place place(long id) {
    Place known = places.get(id);
    if (known != null) {
      return known;
    }
    Place before = older.get(id);
    if (before != null) {
      return keep(id, before);
    }
    if (untold.contains(id)) {
      return null;
    }
    byte[] found = cgroups.path(id).orElse(null);
    if (found == null) {
      if (untold.size() < CAPACITY) {
        untold.add(id);
      }
      return null;
    }
    return keep(id, new Place(found, workloads.enter(found)));
  }

  private synchronized Place keep(long id, Place place) {
    if (places.size() >= CAPACITY) {
      older = places;
      places = new ConcurrentHashMap<>();
    }
    Place first = places.putIfAbsent(id, place);
    return first == null ? place : first;
  }

  @Override
  public long owner(long user) {
    return lent.owner(user);
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
