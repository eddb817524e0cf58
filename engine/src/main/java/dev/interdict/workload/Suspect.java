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
 * @param path that of the cgroup asked about, from {@code /} on: one text for all on the way
 * @param end where its own path ends therein
 * @param id of the container, if it is one
 * @param likely whether nothing else has such a name: then it is one until the contrary is known
 */
record Suspect(String path, int end, String id, boolean likely) {
  /** As runtimes name containers' cgroups, whether systemd makes them or not. */
  private static final Pattern OF_ID = Pattern.compile("(?:(.+)-)?([0-9a-f]{64})(?:\\.scope)?");

  /** Scopes that runtimes ask systemd for when they are used by themselves. */
  private static final Pattern RUNTIMES =
      Pattern.compile("(runc|crun)-([A-Za-z0-9][A-Za-z0-9_.+-]*)\\.scope");

  /** What watches over a container of podman or CRI-O from outside has a scope of its own. */
  private static final Pattern MONITOR = Pattern.compile("(.+-)?conmon");

  /** Scopes of systemd's and logind's own making, which are on every host. */
  private static final Pattern OTHERS =
      Pattern.compile("init|session-[a-z]*[0-9]+|run-([ru]|p[0-9]+-i)[0-9a-f]+");

  /** What runtimes allow as a name. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}");

  /** A user's own systemd: below it, he makes cgroups as he likes. */
  private static final Pattern USERS = Pattern.compile("user@([0-9]+)\\.service");

  private static final String SCOPE = ".scope";

  /**
   * More names than a path of containers within containers has. Where there are as many, more may
   * have been left out.
   */
  static final int DEPTH_MAX = 32;

  /** Its own path, from {@code /} on. */
  String cgroup() {
    return path.substring(0, end);
  }

  /**
   * All on the way to a cgroup, from the root on: of containers within containers the host's own
   * comes first.
   */
  static List<Suspect> on(byte[] bytes) {
    String path = new String(bytes, StandardCharsets.ISO_8859_1);
    List<Suspect> all = new ArrayList<>();
    int begin = 1;
    while (begin < path.length() && all.size() < DEPTH_MAX) {
      int slash = path.indexOf('/', begin);
      int end = slash < 0 ? path.length() : slash;
      add(path, end, path.substring(begin, end), all);
      begin = end + 1;
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

  private static void add(String path, int end, String name, List<Suspect> all) {
    Matcher ofId = OF_ID.matcher(name);
    if (ofId.matches()) {
      String prefix = ofId.group(1);
      if (prefix == null || !MONITOR.matcher(prefix).matches()) {
        all.add(new Suspect(path, end, ofId.group(2), true));
      }
      return;
    }
    Matcher runtime = RUNTIMES.matcher(name);
    if (runtime.matches()) {
      all.add(new Suspect(path, end, runtime.group(2), true));
    } else if (!Workload.isUnit(name)) {
      maybe(path, end, name, all);
    } else if (name.endsWith(SCOPE)) {
      scope(path, end, name.substring(0, name.length() - SCOPE.length()), all);
    }
  }

  /** {@code PREFIX-NAME}, of which either may have dashes, or the prefix may be empty. */
  private static void scope(String path, int end, String name, List<Suspect> all) {
    if (OTHERS.matcher(name).matches()) {
      return;
    }
    for (int from = 0; from >= 0; ) {
      maybe(path, end, name.substring(from), all);
      int dash = name.indexOf('-', from);
      from = dash < 0 ? -1 : dash + 1;
    }
  }

  private static void maybe(String path, int end, String id, List<Suspect> all) {
    if (all.size() < DEPTH_MAX && NAME.matcher(id).matches()) {
      all.add(new Suspect(path, end, id, false));
    }
  }
}
