package dev.interdict.engine;

import dev.interdict.eval.HostNames;
import dev.interdict.libbpf.Cgroups;
import dev.interdict.libbpf.Interfaces;
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
  /** More cgroups than a host has at a time; then the memory is started anew. */
  private static final int CAPACITY = 4096;

  private final Cgroups cgroups;
  private final NameSets files;
  private final Map<Long, byte[]> paths = new ConcurrentHashMap<>();
  private final Map<Integer, Optional<byte[]>> interfaces = new ConcurrentHashMap<>();
  private final Set<Long> untold = ConcurrentHashMap.newKeySet();
  private final SubordinateIds lent = new SubordinateIds(Path.of("/etc"));

  KernelNames(Cgroups cgroups, NameSets files) {
    this.cgroups = cgroups;
    this.files = files;
  }

  @Override
  public byte[] cgroupPath(long id) {
    byte[] known = paths.get(id);
    if (known != null) {
      return known;
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
    if (paths.size() >= CAPACITY) {
      paths.clear();
    }
    paths.put(id, found);
    return found;
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
