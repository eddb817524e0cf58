package dev.interdict.policy;

import dev.interdict.builtins.Cidr;
import dev.interdict.builtins.Digits;
import java.util.Arrays;

/** Checks IP addresses and CIDRs as they are written in rules; never asks a resolver. */
final class Addresses {
  private Addresses() {}

  /** What is wrong with an address as a literal, or null. */
  static String addressProblem(String text) {
    byte[] address = Cidr.parseAddress(text);
    if (address == null && text.indexOf('/') >= 0 && cidrProblem(text) == null) {
      return "\"" + text + "\" is a network, and no address; write {cidr: " + text + "}";
    }
    if (address == null) {
      return "\"" + text + "\" is no IP address";
    }
    String shown = Cidr.text(address);
    return shown.equals(text)
        ? null
        : "\"" + text + "\" never occurs in this form; write \"" + shown + "\"";
  }

  /** What is wrong with a CIDR, or null. */
  static String cidrProblem(String text) {
    int slash = text.indexOf('/');
    byte[] address = slash < 0 ? null : Cidr.parseAddress(text.substring(0, slash));
    String length = text.substring(slash + 1);
    if (address == null || !length.matches("\\d{1,3}")) {
      return "\"" + text + "\" is no CIDR; write 10.0.0.0/8 or 2001:db8::/32";
    }
    if (address.length == 16 && Digits.isMapped(address)) {
      return "\"" + text + "\" never matches: IPv4-mapped addresses are shown as IPv4";
    }
    int bits = Integer.parseInt(length);
    if (bits > address.length * 8) {
      return "\"" + text + "\": the length is at most " + address.length * 8;
    }
    Cidr network = Cidr.of(address, bits);
    return Arrays.equals(network.address(), address)
        ? null
        : "\"" + text + "\" has bits behind its length; write \"" + network + "\"";
  }
}
