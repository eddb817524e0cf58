package dev.interdict.verdict;

import dev.interdict.eval.HostNames;
import dev.interdict.event.Access;
import dev.interdict.event.Context;
import dev.interdict.event.FileNames;
import dev.interdict.event.Hook;
import dev.interdict.event.ObjectFlag;
import dev.interdict.event.Workload;
import dev.interdict.event.Workload.Container;
import dev.interdict.event.Workload.Pod;
import dev.interdict.event.Workload.Word;
import dev.interdict.testkit.RecordBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;

/**
 * An event as the hooks could report it, from few values so that equal ones are frequent. What the
 * hooks keep together is together: a path and its hash, a process and its image, an IPv4 address
 * and its family.
 */
public final class RandomEvent {
  private static final int DIMENSIONS = 26;
  private static final int[] PROTOCOLS = {0, 1, 6, 17, 58};
  private static final int[] FAMILIES = {2, 10, 16, 17};
  private static final String[] ADDRESSES = {"10.0.0.1", "10.0.0.2", "::", "fd00::2"};

  /** The last one has no name yet. */
  private static final long[] CAPABILITIES = {0, 1 << 13, 1 << 21, 1L << 41};

  private static final int[] MODES = {0100644, 0100600, 0040755, 0020660};

  private static final Container CONTAINER =
      new Container(
          Word.of("c3"),
          true,
          Word.of("containerd"),
          Word.of("web"),
          null,
          new Pod(Word.of("shop"), Word.of("web-5"), Word.of("7-1")));

  /** Of the cgroups and interfaces in these events; one of each has no name. */
  public static final HostNames NAMES =
      new HostNames() {
        @Override
        public byte[] cgroupPath(long id) {
          return switch ((int) id) {
            case 2 -> null;
            case 3 -> "/system.slice/c3.service".getBytes(StandardCharsets.UTF_8);
            default -> ("/slice" + id).getBytes(StandardCharsets.UTF_8);
          };
        }

        @Override
        public Workload workload(long cgroup) {
          Workload own = Workload.of(cgroupPath(cgroup));
          return cgroup == 3 ? own.with(CONTAINER, true) : own;
        }

        @Override
        public byte[] interfaceName(int index) {
          return index == 2 ? null : ("eth" + index).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public Set<String> fileNames(int number) {
          return switch (number) {
            case 1 -> Set.of("/etc/file1");
            case 2 -> Set.of("/etc/file2", "/usr/bin/tool1");
            case 3 -> Set.of("/opt/other");
            default -> Set.of();
          };
        }
      };

  private final Hook hook;

  /** One draw for each independent fact. */
  private final int[] draw;

  private final boolean detours;

  /** Any event of the hook. */
  public RandomEvent(Hook hook, Random random) {
    this(hook, random.ints(DIMENSIONS, 0, 60).toArray(), false);
  }

  private RandomEvent(Hook hook, int[] draw, boolean detours) {
    this.hook = hook;
    this.draw = draw;
    this.detours = detours;
  }

  /** The same; if it is a socket's, it may go elsewhere than it says. */
  RandomEvent withDetours() {
    return new RandomEvent(hook, draw, true);
  }

  /** The same event but for one to three facts. */
  RandomEvent neighbour(Random random) {
    int[] other = draw.clone();
    for (int i = random.nextInt(3); i >= 0; i--) {
      other[random.nextInt(DIMENSIONS)] = random.nextInt(60);
    }
    return new RandomEvent(hook, other, detours);
  }

  /**
   * Whether the kernel cannot tell them apart where it looks through {@code mask}, of the key and
   * behind it of the context, for what is left of which the key has a word.
   */
  boolean sameKey(RandomEvent other, byte[] mask) {
    byte[] a = places();
    byte[] b = other.places();
    for (int i = 0; i < mask.length; i++) {
      if (((a[i] ^ b[i]) & mask[i]) != 0) {
        return false;
      }
    }
    return true;
  }

  private byte[] places() {
    RecordBuilder record = record();
    byte[] places = Arrays.copyOf(record.facts(), VerdictKey.BYTES + Context.BYTES);
    System.arraycopy(record.context(), 0, places, VerdictKey.BYTES, Context.BYTES);
    return places;
  }

  /** As the hook reports it. */
  public RecordBuilder record() {
    RecordBuilder record = RecordBuilder.of(hook).fact("mask_set", 1);
    if (hook == Hook.XDP_INGRESS) {
      return packet(record.access(Access.RECEIVE));
    }
    subject(record);
    return switch (hook) {
      case USER_NAMESPACE -> record.access(Access.CREATE);
      case SOCKET_CREATE -> kind(record);
      case MODULE_LOAD -> loaded(record);
      case PTRACE, SIGNAL -> peer(record);
      default -> hook.isFile() ? file(record) : socket(record);
    };
  }

  private void subject(RecordBuilder record) {
    record
        .fact("uid", pick(0, 3))
        .fact("gid", pick(1, 3))
        .fact("euid", pick(2, 3))
        .fact("egid", pick(3, 3))
        .fact("cgroup", 1 + pick(4, 3))
        .fact("labels", pick(20, 4))
        .context("capabilities", CAPABILITIES[pick(21, CAPABILITIES.length)])
        .context("session_uid", pick(22, 3) == 0 ? Context.NO_SESSION : 1000 + pick(22, 3))
        .context("namespaces", pick(23, 3))
        .context("no_new_privs", pick(24, 2))
        .context("seccomp", pick(24, 6) / 2)
        .context("tty", pick(25, 2))
        .fact("image", 1000 + pick(7, 4))
        .field("pid", 50 + pick(7, 4) / 2);
    if (pick(6, 4) == 3) {
      return; // a thread of the kernel
    }
    record
        .fact("exe_device", 8 << 20 | pick(5, 2))
        .fact("exe_inode", 100 + pick(6, 4))
        .exe(pick(8, 4) == 0 ? "" : "/usr/bin/tool" + pick(8, 4))
        .exeNames(names(16));
  }

  private RecordBuilder file(RecordBuilder record) {
    int flags = (pick(9, 4) == 1 ? ObjectFlag.DELETED.bit() : 0);
    flags |= pick(9, 4) == 2 ? ObjectFlag.UNREACHABLE.bit() : 0;
    if (pick(10, 4) == 0) {
      flags |= ObjectFlag.PATH_UNKNOWN.bit();
    } else {
      record.path("/etc/file" + pick(10, 4));
    }
    record.names(names(18));
    Access first = hook == Hook.MOUNT ? Access.BIND : Access.READ;
    Access second = hook == Hook.MOUNT ? Access.UNMOUNT : Access.CREATE;
    return record
        .fact("flags", flags)
        .fact("access", pick(11, 2) == 0 ? first.bit() : second.bit())
        .file("inode", pick(12, 3))
        .file("device", 8 << 20 | pick(13, 2))
        .file("generation", pick(14, 2))
        .file("uid", pick(15, 2))
        .file("gid", pick(15, 4) / 2)
        .file("mode", MODES[(pick(14, 8) / 2) % MODES.length]);
  }

  /* Zero where there is no file; one that is all zeros is no wonder either. */
  private RecordBuilder loaded(RecordBuilder record) {
    return switch (pick(11, 4)) {
      case 0 -> record.access(Access.MODULE, Access.MEMORY);
      case 1 -> {
        record.access(Access.REQUEST);
        yield pick(10, 4) == 0 ? record : record.path("/etc/file" + pick(10, 4));
      }
      default ->
          file(record)
              .access(pick(17, 2) == 0 ? Access.MODULE : Access.KEXEC)
              .file("device", pick(13, 2) << 20)
              .file("mode", pick(14, 2) == 0 ? 0 : MODES[2 * pick(9, 2)]);
    };
  }

  private RecordBuilder peer(RecordBuilder record) {
    Access[] access =
        hook == Hook.SIGNAL
            ? new Access[] {Access.SEND}
            : new Access[] {Access.READ, Access.ATTACH, Access.TRACEME};
    record
        .access(access[pick(11, access.length)])
        .peer("uid", pick(15, 3))
        .peer("cgroup", 1 + pick(14, 3))
        .peer("signal", hook == Hook.SIGNAL ? 1 + pick(9, 40) : 0);
    return switch (pick(12, 4)) {
      case 0 -> record; // a thread of the kernel
      case 1 -> record.objectFlags(ObjectFlag.PATH_UNKNOWN); // about to be another one
      default -> {
        record.peer("inode", 1 + pick(12, 3)).peer("device", 8 << 20 | pick(13, 2));
        if (pick(10, 4) == 0) {
          yield record.objectFlags(ObjectFlag.PATH_UNKNOWN);
        }
        yield record.path("/etc/file" + pick(10, 4)).names(names(18));
      }
    };
  }

  private RecordBuilder socket(RecordBuilder record) {
    return record
        .to(ADDRESSES[pick(9, 4)], 80 + pick(10, 3))
        .fact("flags", detours && pick(14, 4) == 0 ? ObjectFlag.DETOUR.bit() : 0)
        .fact("protocol", PROTOCOLS[pick(11, 5)])
        .fact("access", pick(12, 2) == 0 ? Access.CONNECT.bit() : Access.SEND.bit())
        .socket("type", 1 + pick(13, 3));
  }

  private RecordBuilder kind(RecordBuilder record) {
    return record
        .fact("family", FAMILIES[pick(9, FAMILIES.length)])
        .fact("access", pick(12, 2) == 0 ? Access.CREATE.bit() : Access.BIND.bit())
        .socket("type", 1 + pick(13, 3))
        .socket("protocol", PROTOCOLS[pick(11, 5)]);
  }

  private RecordBuilder packet(RecordBuilder record) {
    record.packet("interface", 1 + pick(0, 3));
    int flags = pick(1, 3) == 1 ? ObjectFlag.FRAGMENT.bit() : 0;
    if (pick(2, 6) == 0) {
      // Not even the header of IP could be read.
      return record.fact("flags", ObjectFlag.UNPARSED.bit());
    }
    int side = pick(3, 2) * 2;
    record.source(ADDRESSES[side + pick(4, 2)], 0).destination(ADDRESSES[side + pick(5, 2)], 0);
    record.fact("protocol", PROTOCOLS[pick(6, 5)]);
    if (pick(7, 4) == 0) {
      flags |= ObjectFlag.UNPARSED.bit();
    } else {
      record.packet("source_port", pick(8, 3)).packet("destination_port", pick(9, 3));
    }
    return record.fact("flags", flags);
  }

  private FileNames names(int dimension) {
    int place = Math.max(0, pick(dimension, 6) - 2);
    int file = Math.max(0, pick(dimension + 1, 6) - 2);
    return new FileNames(place, file == place ? 0 : file, pick(dimension + 1, 5) == 0);
  }

  private int pick(int dimension, int values) {
    return draw[dimension] % values;
  }
}
