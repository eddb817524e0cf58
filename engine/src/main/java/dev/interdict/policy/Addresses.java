package dev.interdict.policy;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.regex.Pattern;

/** Checks IP addresses and CIDRs as they are written in rules; never asks a resolver. */
final class Addresses {
  private static final Pattern V4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  private Addresses() {}

  /** What is wrong with an address as a literal, or null. */
  static String addressProblem(String text) {
    byte[] address = parse(text);
    if (address == null) {
      return "\"" + text + "\" is no IP address";
    }
    String canonical = text(address);
    return canonical.equals(text)
        ? null
        : "\"" + text + "\" never occurs in this form; write \"" + canonical + "\"";
  }

  /** What is wrong with a CIDR, or null. */
  static String cidrProblem(String text) {
    int slash = text.indexOf('/');
    byte[] address = slash < 0 ? null : parse(text.substring(0, slash));
    String length = text.substring(slash + 1);
    if (address == null || !length.matches("\\d{1,3}")) {
      return "\"" + text + "\" is no CIDR; write 10.0.0.0/8 or 2001:db8::/32";
    }
    if (text.indexOf(':') >= 0 && address.length == 4) {
      return "\"" + text + "\" never matches: IPv4-mapped addresses are shown as IPv4";
    }
    int bits = Integer.parseInt(length);
    if (bits > address.length * 8) {
      return "\"" + text + "\": the length is at most " + address.length * 8;
    }
    byte[] network = address.clone();
    for (int bit = bits; bit < network.length * 8; bit++) {
      network[bit >> 3] &= (byte) ~(0x80 >> (bit & 7));
    }
    if (!Arrays.equals(network, address)) {
      return "\""
          + text
          + "\" has bits behind its length; write \""
          + text(network)
          + "/"
          + bits
          + "\"";
    }
    return null;
  }

  /** 4 or 16 bytes, or null; an IPv4-mapped address becomes 4. */
  private static byte[] parse(String text) {
    if (!V4.matcher(text).matches() && !V6.matcher(text).matches()) {
      return null; // 127.1 and 0x7f000001 are literals too, elsewhere
    }
    try {
      return InetAddress.ofLiteral(text).getAddress();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The form in {@code input}: dotted, or RFC 5952. */
  static String text(byte[] address) {
    if (address.length == 4) {
      return (address[0] & 255)
          + "."
          + (address[1] & 255)
          + "."
          + (address[2] & 255)
          + "."
          + (address[3] & 255);
    }
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (address[2 * i] & 255) << 8 | (address[2 * i + 1] & 255);
    }
    int start = -1;
    int length = 1; // a single zero group is not shortened
    for (int i = 0; i < 8; i++) {
      int run = 0;
      while (i + run < 8 && groups[i + run] == 0) {
        run++;
      }
      if (run > length) {
        start = i;
        length = run;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        text.append("::");
        i += length - 1;
      } else {
        text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":")
            .append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }
}
