package dev.interdict.attach;

import dev.interdict.libbpf.BpfException;
import dev.interdict.libbpf.BpfLink;
import dev.interdict.libbpf.BpfProgram;
import dev.interdict.libbpf.Errno;
import dev.interdict.libbpf.Interfaces;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The packet program on one network interface, pinned as {@code xdp_<ifindex>_<mode>}: names of
 * interfaces may hold characters that a bpffs forbids.
 *
 * @param mode where in the kernel it runs
 */
public record XdpInterface(int index, Mode mode) {
  private static final Pattern PIN = Pattern.compile("xdp_(\\d+)_(native|generic)");

  /** Where the program runs. */
  public enum Mode {
    /** In the driver, before the kernel has built its packet: fast. */
    NATIVE,
    /** After that: on every driver. */
    GENERIC
  }

  /**
   * Lets {@code program} run on the interface {@code name}, which has the number {@code index}, in
   * place of {@code known} if there is one.
   *
   * @param same whether the program that runs is the one that shall
   * @throws BpfException if it is gone, or refuses both modes, or another program is on it
   */
  static XdpInterface attach(
      Pins pins,
      BpfProgram program,
      String name,
      int index,
      XdpInterface known,
      BiPredicate<BpfProgram, BpfProgram> same) {
    if (known != null) {
      known.replace(pins, program, same);
      return known;
    }
    try {
      return create(pins, program, index, Mode.NATIVE);
    } catch (BpfException e) {
      if (e.errno() == Errno.EBUSY || e.errno() == Errno.EEXIST) {
        throw new BpfException(
            "attach to interface",
            name,
            e.errno(),
            "another XDP program is on it: ip link set dev "
                + name
                + " xdp off removes it, or, if it is an engine's with other pins, uninstall there");
      }
      return create(pins, program, index, Mode.GENERIC);
    }
  }

  /**
   * What is attached, by the interface's name now. Pins of interfaces that are gone are removed.
   */
  static Map<String, XdpInterface> attached(Pins pins) {
    Map<String, XdpInterface> found = new TreeMap<>();
    for (String pin : pins.links()) {
      Matcher matcher = PIN.matcher(pin);
      if (matcher.matches()) {
        Mode mode = Mode.valueOf(matcher.group(2).toUpperCase(Locale.ROOT));
        XdpInterface one = new XdpInterface(Integer.parseInt(matcher.group(1)), mode);
        Optional<String> name = one.isAlive(pins) ? Interfaces.name(one.index) : Optional.empty();
        name.ifPresentOrElse(n -> found.put(n, one), () -> one.detach(pins));
      }
    }
    return found;
  }

  static boolean isName(String pin) {
    return PIN.matcher(pin).matches();
  }

  /** Takes the program off; done when nobody else holds the link. */
  void detach(Pins pins) {
    Pins.delete(pins.link(pin()));
  }

  private void replace(Pins pins, BpfProgram program, BiPredicate<BpfProgram, BpfProgram> same) {
    try (BpfLink link = BpfLink.openPinned(pins.link(pin()));
        BpfProgram running = link.program()) {
      if (!same.test(running, program)) {
        link.replace(program);
      }
    }
  }

  private static XdpInterface create(Pins pins, BpfProgram program, int index, Mode mode) {
    XdpInterface one = new XdpInterface(index, mode);
    try (BpfLink link = BpfLink.attachXdp(program, index, mode == Mode.GENERIC)) {
      link.pin(pins.link(one.pin()));
    }
    return one;
  }

  /** A link outlives its interface, but does nothing then. */
  private boolean isAlive(Pins pins) {
    try (BpfLink link = BpfLink.openPinned(pins.link(pin()))) {
      return link.ifindex() == index;
    }
  }

  private String pin() {
    return "xdp_" + index + "_" + mode.name().toLowerCase(Locale.ROOT);
  }
}
