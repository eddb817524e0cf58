package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Every word the attack tool knows: doors, other names, kinds of tasks. */
@Tag("lsm")
class AttacksIT {
  private static final Set<Who> NOBODY = EnumSet.noneOf(Who.class);
  private static final Set<Who> USER = EnumSet.of(Who.USER);
  private static final Set<Who> ALL = EnumSet.allOf(Who.class);

  /**
   * Not other names of a file but a file that its name has left: a rule that says a name holds for
   * what has the name. Whoever may rename the file can take it from under the rule.
   */
  private static final Set<String> MOVED = Set.of("renamed", "parentrenamed");

  /** Detours by a header that the caller writes, not by a route. */
  private static final Set<String> OWN_HEADERS = Set.of("four-raw", "four-hdrincl", "four-packet");

  /** Ways that need a right which users do not have, or a kernel that Debian does not build. */
  private static final Map<String, Set<Who>> IMPOSSIBLE =
      Map.ofEntries(
          Map.entry("x32-open", ALL),
          Map.entry("handle", USER),
          Map.entry("procother", USER),
          Map.entry("bind", USER),
          Map.entry("binddir", USER),
          Map.entry("overlay", USER),
          Map.entry("chroot", USER),
          Map.entry("opentree", USER),
          Map.entry("init", USER),
          Map.entry("given-fetched", USER),
          Map.entry("raw", USER),
          Map.entry("raw-tcp", USER));

  /**
   * What the caller sees in place of the real name, by alias; the others give the real one. Nothing
   * where a path is longer or deeper than the kernel side walks: there the file is known by its
   * inode alone.
   */
  private static final Map<String, String> SEEN =
      Map.ofEntries(
          Map.entry("hardlink", "/trial/files/work-\\w+/hard"),
          Map.entry("bind", "/trial/files/work-\\w+/bound"),
          Map.entry("binddir", "/trial/files/work-\\w+/mounted/\\w+"),
          Map.entry("userns", "/trial/files/work-\\w+/bound"),
          Map.entry("userdir", "/trial/files/work-\\w+/mounted/\\w+"),
          Map.entry("overlay", ".*"),
          Map.entry("chroot", "/\\w+"),
          Map.entry("opentree", "/\\w+"),
          Map.entry("deep", "/trial/files/work-\\w+(/0){300}/leaf"),
          Map.entry("deeper", ""),
          Map.entry("long", ""),
          Map.entry("strange", "(?s)/trial/files/work-\\w+/.* \\(deleted\\)"));

  @TestFactory
  Stream<DynamicTest> openingAForbiddenFileMustBeRefusedByEveryDoor() {
    List<Trial> trials = new ArrayList<>();
    for (String[] door : Attack.list("open")) {
      trials.add(
          switch (door[2]) {
            case "create" -> creation(door[1]);
            case "directory" -> directory(door[1], "closed");
            case "free" -> null;
            default -> file(door[1], "open -d " + door[1], "/trial/files/secret");
          });
    }
    trials.add(directory("tmpfile", "below"));
    trials.removeIf(trial -> trial == null);
    return new Trials(trials).tests();
  }

  @TestFactory
  Stream<DynamicTest> openingAForbiddenFileMustBeRefusedUnderEveryName() {
    return new Trials(
            Attack.list("alias").stream()
                .filter(alias -> !MOVED.contains(alias[1]))
                .map(alias -> file(alias[1], "open -a " + alias[1], seen(alias[1], "secret")))
                .toList())
        .tests();
  }

  /** There is no file yet: its folder and the name tell. */
  @TestFactory
  Stream<DynamicTest> creatingAForbiddenFileMustBeRefusedUnderEveryName() {
    return new Trials(
            List.of(
                creation("create", "direct", "new"),
                creation("create", "userdir", "new"),
                creation("create", "binddir", "new"),
                creation("create", "chroot", "new"),
                creation("create", "direct", "late"))) // by a link of the folder
        .tests();
  }

  /** Only cat and the link "reader" may: what a user makes of his own program is neither. */
  @TestFactory
  Stream<DynamicTest> theNameOfATrustedProgramMustNotBeLent() {
    return new Trials(
            Attack.list("lend").stream()
                .map(
                    lender ->
                        file(
                            lender[1],
                            "lend -d " + lender[1] + " /usr/bin/cat open",
                            ".*/keys",
                            "/trial/files/keys"))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> openingAForbiddenFileMustBeRefusedToEveryTask() {
    return new Trials(
            Attack.list("context").stream()
                .filter(kind -> !kind[1].equals("namespaced")) // two attempts
                .map(kind -> file(kind[1], "open -c " + kind[1], "/trial/files/secret"))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> runningAForbiddenProgramMustBeRefusedByEveryDoor() {
    return new Trials(
            Attack.list("exec").stream()
                .filter(door -> !door[2].equals("copy")) // another file: C1 of the limits
                .map(door -> program(door[1], "exec -d " + door[1], door[2].equals("map")))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> runningAForbiddenProgramMustBeRefusedUnderEveryName() {
    return new Trials(
            Attack.list("alias").stream()
                .filter(alias -> !MOVED.contains(alias[1]))
                .filter(alias -> !alias[1].equals("chroot")) // no loader below the new root
                .filter(alias -> !alias[1].equals("overlay")) // shows another device and inode
                .map(alias -> program(alias[1], "exec -a " + alias[1], false))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> runningAForbiddenProgramMustBeRefusedToEveryTask() {
    return new Trials(
            Attack.list("context").stream()
                .filter(kind -> !kind[1].equals("namespaced")) // two attempts
                .map(kind -> program(kind[1], "exec -c " + kind[1], false))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> reachingAForbiddenAddressMustBeRefusedByEveryDoor() {
    return new Trials(
            Attack.list("net").stream()
                .filter(door -> !Set.of("detour", "any").contains(door[2]))
                .map(door -> address(door[1], Host.FORBIDDEN_ADDRESS, Host.ALLOWED_ADDRESS))
                .toList())
        .tests();
  }

  /** The address is an allowed one, but not where the packet goes, or not all that is asked for. */
  @TestFactory
  Stream<DynamicTest> whatMayGoElsewhereThanToItsAddressMustBeRefused() {
    return new Trials(
            Attack.list("net").stream()
                .filter(door -> door[2].equals("detour"))
                .map(door -> detour(door[1]))
                .toList())
        .tests();
  }

  /** One port of the loopback is forbidden; the twin goes to another. */
  @TestFactory
  Stream<DynamicTest> whatIsSentToAnyAddressMustBeJudgedByWhereItGoes() {
    return new Trials(
            Attack.list("net").stream()
                .filter(door -> door[2].equals("any"))
                .map(
                    door ->
                        new Trial(
                            door[1],
                            "net -d " + door[1] + " 127.0.0.1 %s 127.0.0.4",
                            null,
                            "7778",
                            "7779",
                            "EPERM",
                            Hook.SOCKET_CONNECT,
                            Pattern.compile(Pattern.quote("127.0.0.1:7778")),
                            1,
                            NOBODY))
                .toList())
        .tests();
  }

  /** The twin is a packet to the allowed address without a detour. */
  private static Trial detour(String door) {
    boolean six = door.startsWith("six");
    String forbidden = six ? Host.FORBIDDEN_ADDRESS_6 : Host.FORBIDDEN_ADDRESS;
    String allowed = six ? Host.ALLOWED_ADDRESS_6 : Host.ALLOWED_ADDRESS;
    // What arrives is seen at the first address: by a route the last one of it, with a header of
    // its own the one in there.
    boolean route = !OWN_HEADERS.contains(door);
    return new Trial(
        door,
        "net -d %s",
        null,
        "%s %s 7777 %s".formatted(door, route ? allowed : forbidden, route ? forbidden : allowed),
        "sendto %s 7777 %s".formatted(allowed, forbidden),
        "EPERM",
        Hook.SOCKET_CONNECT,
        Pattern.compile(".*"),
        2, // the option, and the packet
        door.startsWith("four") ? USER : NOBODY);
  }

  private static Trial file(String name, String command, String object) {
    return file(name, command, object, "/trial/files/secret");
  }

  private static Trial file(String name, String command, String object, String forbidden) {
    return new Trial(
        name,
        command + " %s",
        "write %s",
        forbidden,
        "/trial/files/twin",
        "EPERM",
        Hook.FILE_OPEN,
        Pattern.compile(object),
        1,
        IMPOSSIBLE.getOrDefault(name, NOBODY));
  }

  private static Trial creation(String door) {
    return creation(door, "direct", "new");
  }

  private static Trial creation(String door, String alias, String name) {
    return new Trial(
        alias.equals("direct") ? door : alias,
        "open -d " + door + " -a " + alias + " %s",
        "remove %s",
        "/trial/files/" + name,
        "/trial/files/fresh",
        "EPERM",
        Hook.FILE_OPEN,
        Pattern.compile(seen(alias, name)),
        1,
        IMPOSSIBLE.getOrDefault(alias.equals("direct") ? door : alias, NOBODY));
  }

  private static Trial directory(String door, String folder) {
    return new Trial(
        door,
        "open -d " + door + " %s",
        null,
        "/trial/files/" + folder,
        "/trial/files/open",
        "EPERM",
        Hook.FILE_OPEN,
        Pattern.compile("/trial/files/" + folder + "/"),
        1,
        NOBODY);
  }

  private static Trial program(String name, String command, boolean mapped) {
    return new Trial(
        name,
        command + " %s",
        null,
        "/trial/files/victim",
        "/trial/files/companion",
        name.equals("loader") ? "ECHILD" : "EPERM",
        mapped ? Hook.MMAP_EXEC : Hook.EXEC,
        Pattern.compile(seen(name, "victim")),
        1,
        IMPOSSIBLE.getOrDefault(name, NOBODY));
  }

  private static Trial address(String door, String forbidden, String allowed) {
    return new Trial(
        door,
        "net -d " + door + " %s 7777 127.0.0.4",
        null,
        forbidden,
        allowed,
        "EPERM",
        Hook.SOCKET_CONNECT,
        Pattern.compile(Pattern.quote(forbidden) + ":" + (door.startsWith("raw") ? "0" : "7777")),
        // Again when a connection is under way, and for what a short sendmmsg left.
        door.startsWith("uring-connect") || door.equals("sendmmsg") ? 2 : 1,
        IMPOSSIBLE.getOrDefault(door, NOBODY));
  }

  private static String seen(String alias, String name) {
    return SEEN.getOrDefault(alias, "/trial/files/" + name);
  }
}
