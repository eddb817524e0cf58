package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Every way that the attack tool knows to an address of this host's own. */
@Tag("lsm")
class LocalIT {
  private static final String POLICY = "trial-local";
  private static final Set<Who> NOBODY = EnumSet.noneOf(Who.class);
  private static final Set<Who> USER = EnumSet.of(Who.USER);
  private static final Set<Who> ALL = EnumSet.allOf(Who.class);

  /** Where io_uring can bind and listen. */
  private static final List<Integer> URING_BINDS_SINCE = List.of(6, 11);

  @BeforeAll
  static void apply() {
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  @TestFactory
  Stream<DynamicTest> takingAForbiddenAddressMustBeRefusedByEveryDoor() {
    return new Trials(
            Stream.concat(
                    doors("bind")
                        .map(d -> bind(d, Host.FORBIDDEN_ADDRESS + " 7800", "127.0.0.3 7800")),
                    Stream.of(bind("bind-tcp", "fd00::2 7800", "fd00::3 7800")))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> takingAllAddressesMustBeRefusedByEveryDoor() {
    return new Trials(
            Stream.concat(
                    doors("any").map(d -> bind(d, "0.0.0.0 7850", "0.0.0.0 7851")),
                    Stream.of(bind("bind-any", ":: 7850", ":: 7851")))
                .toList())
        .tests();
  }

  /** The first address is an allowed one; its twin has one alone. */
  @TestFactory
  Stream<DynamicTest> takingSeveralAddressesAtOnceMustBeRefused() {
    return new Trials(
            doors("several")
                .map(
                    d ->
                        trial(
                            d,
                            "local -d %s",
                            d + " " + Host.FORBIDDEN_ADDRESS + " 7800",
                            "bind-sctp-option 127.0.0.3 7800",
                            Hook.SOCKET_BIND,
                            "127\\.0\\.0\\.9:7800"))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> listeningAtAForbiddenPortMustBeRefusedByEveryDoor() {
    return new Trials(
            Stream.concat(
                    doors("listen").map(d -> listen(d, "127.0.0.3 7860", "127.0.0.3:7860")),
                    Stream.of(
                        listen("listen", "fd00::3 7860", "[fd00:0:0:0:0:0:0:3]:7860"),
                        listen("listen", "127.0.0.3 0", "0.0.0.0:0"))) // bound to nothing
                .toList())
        .tests();
  }

  /** The port is an allowed one. */
  @TestFactory
  Stream<DynamicTest> listeningAtAddressesThatCannotBeToldMustBeRefused() {
    return new Trials(
            doors("hidden")
                .map(
                    d ->
                        trial(
                            d,
                            "local -d %s",
                            d + " 127.0.0.3 7862",
                            "listen 127.0.0.3 7861",
                            Hook.SOCKET_LISTEN,
                            "127\\.0\\.0\\.3:7862"))
                .toList())
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> takingACallAtAForbiddenPortMustBeRefusedByEveryDoor() {
    return new Trials(
            Stream.concat(
                    doors("accept").map(d -> accept(d, "127.0.0.3 7870", "127.0.0.3:7870")),
                    Stream.of(accept("accept", "fd00::3 7870", "[fd00:0:0:0:0:0:0:3]:7870")))
                .toList())
        .tests();
  }

  private static Trial accept(String door, String forbidden, String shown) {
    return trial(
        door,
        "local -d " + door + " %s",
        forbidden,
        "127.0.0.3 7871",
        Hook.SOCKET_ACCEPT,
        Pattern.quote(shown));
  }

  /** Each kind by one door, and one kind by each. */
  @TestFactory
  Stream<DynamicTest> makingAForbiddenSocketMustBeRefusedByEveryDoor() {
    return new Trials(
            Stream.concat(
                    makers("any").map(d -> make(d, "16 3 16", "16 3 0", "netlink raw generic")),
                    Stream.concat(
                        makers("pair").map(d -> make(d, "1 5 0", "1 1 0", "unix seqpacket 0")),
                        Stream.of(
                            make("socket", "17 3 8", "17 3 1544", "packet raw 2048"),
                            make("socket", "2 10 8", "2 2 0", "packet packet 2048"), // as of old
                            make("socket", "10 1 262", "10 1 6", "inet6 stream 262"), // MPTCP
                            make("socket", "10 2 0", "2 2 0", "inet6 dgram udp"),
                            make("socket", "10 2 17", "2 2 17", "inet6 dgram udp"))))
                .toList())
        .tests();
  }

  private static Stream<String> makers(String kind) {
    return Attack.list("socket").stream().filter(d -> d[2].equals(kind)).map(d -> d[1]);
  }

  private static Trial make(String door, String forbidden, String allowed, String shown) {
    return new Trial(
        door + "-" + shown.replace(' ', '-') + "-" + forbidden.replace(' ', '-'),
        "socket -d " + door + " %s",
        null,
        forbidden,
        allowed,
        "EPERM",
        Hook.SOCKET_CREATE,
        Pattern.compile(Pattern.quote(shown)),
        door.startsWith("socketpair") ? 2 : 1, // one for each end, in audit
        shown.startsWith("packet") ? USER : NOBODY);
  }

  private static Stream<String> doors(String kind) {
    return Attack.list("local").stream().filter(d -> d[2].equals(kind)).map(d -> d[1]);
  }

  private static Trial bind(String door, String forbidden, String allowed) {
    String[] words = forbidden.split(" ", -1);
    String shown =
        words[0].equals("::")
            ? "[0:0:0:0:0:0:0:0]"
            : words[0].contains(":") ? "[fd00:0:0:0:0:0:0:2]" : words[0];
    return trial(
        door,
        "local -d " + door + " %s",
        forbidden,
        allowed,
        Hook.SOCKET_BIND,
        Pattern.quote(shown + ":" + words[1]));
  }

  private static Trial listen(String door, String forbidden, String shown) {
    return trial(
        door,
        "local -d " + door + " %s",
        forbidden,
        "127.0.0.3 7861",
        Hook.SOCKET_LISTEN,
        Pattern.quote(shown));
  }

  private static Trial trial(
      String door, String command, String forbidden, String allowed, Hook hook, String object) {
    Set<Who> impossible = door.contains("raw") ? USER : NOBODY;
    if (door.contains("uring") && hook != Hook.SOCKET_ACCEPT && !uringBinds()) {
      impossible = ALL;
    }
    return new Trial(
        door,
        command,
        null,
        forbidden,
        allowed,
        "EPERM",
        hook,
        Pattern.compile(object),
        1,
        impossible);
  }

  private static boolean uringBinds() {
    String[] version = System.getProperty("os.version").split("[.-]", -1);
    int major = Integer.parseInt(version[0]);
    return major > URING_BINDS_SINCE.get(0)
        || (major == URING_BINDS_SINCE.get(0)
            && Integer.parseInt(version[1]) >= URING_BINDS_SINCE.get(1));
  }
}
