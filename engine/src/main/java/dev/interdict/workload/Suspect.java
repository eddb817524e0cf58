package dev.interdict.workload;

import dev.interdict.event.Workload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A cgroup that may be a container's, by its name.
 *
 * @param cgroup its path, from {@code /} on
 * @param id of the container, if it is one
 * @param likely whether nothing else has such a name: then it is one until the contrary is known
 */
record Suspect(String cgroup, String id, boolean likely) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  /** Scopes that runtimes ask systemd for when they are used by themselves. */
  private static final Pattern RUNTIMES =
      Pattern.compile("(runc|crun)-([A-Za-z0-9][A-Za-z0-9_.+-]*)\\.scope");

  /** What watches over a container of podman or CRI-O from outside has a scope of its own. */
  private static final Pattern MONITOR = Pattern.compile("(.+-)?conmon-.*");

  /** What runtimes allow as a name. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}");

  /** A user's own systemd: below it, he makes cgroups as he likes. */
  private static final Pattern USERS = Pattern.compile("user@([0-9]+)\\.service");

  /** More names than a path of containers within containers has. */
  private static final int DEPTH_MAX = 32;

  /**
   * All on the way to a cgroup, from the root on: of containers within containers the host's own
   * comes first.
   */
  static List<Suspect> on(byte[] path) {
    List<Suspect> all = new ArrayList<>();
    StringBuilder at = new StringBuilder();
    for (String name : new String(path, StandardCharsets.ISO_8859_1).split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      at.append('/').append(name);
      Suspect one = of(at.toString(), name);
      if (one != null && all.size() < DEPTH_MAX) {
        all.add(one);
      }
    }
    return all;
  }

  /**
   * Whether the path leads through what systemd has given to a user other than root: no runtime of
   * the host's puts containers there, and whatever stands there is the user's word.
   */
  static boolean isUsers(byte[] path) {
    Workload.Word unit = Workload.of(path).unit();
    Matcher users = USERS.matcher(unit == null ? "" : unit.text());
    return users.matches() && !users.group(1).matches("0+");
  }

  private static Suspect of(String cgroup, String name) {
    if (HEX.matcher(name).matches()) {
      return new Suspect(cgroup, name, true);
    }
    Matcher runtime = RUNTIMES.matcher(name);
    if (runtime.matches()) {
      return new Suspect(cgroup, runtime.group(2), true);
    }
    if (name.endsWith(".scope") && name.length() > 71 && !MONITOR.matcher(name).matches()) {
      String id = name.substring(name.length() - 70, name.length() - 6);
      return HEX.matcher(id).matches() && name.charAt(name.length() - 71) == '-'
          ? new Suspect(cgroup, id, true)
          : null;
    }
    return Workload.isUnit(name) || !NAME.matcher(name).matches()
        ? null
        : new Suspect(cgroup, name, false);
  }
}
