package dev.interdict.attach;

/**
 * What became of the packet program on an interface that policies name.
 *
 * @param at where it runs; null: nowhere
 * @param problem why it does not, with the remedy; null: it does
 * @param missing whether that is because there is no interface of this name
 */
public record XdpPlace(XdpInterface at, String problem, boolean missing) {
  static XdpPlace on(XdpInterface at) {
    return new XdpPlace(at, null, false);
  }

  static XdpPlace absent() {
    return new XdpPlace(null, "it is not there; guarded as soon as it comes", true);
  }

  static XdpPlace refused(String problem) {
    return new XdpPlace(null, problem, false);
  }
}
