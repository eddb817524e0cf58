package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * A network, as Go's {@code net.ParseCIDR} reads it.
 *
 * @param address 4 or 16 bytes, those behind the prefix zero
 * @param prefix bits
 */
public record Cidr(byte[] address, int prefix) {

  /**
   * Reads {@code address/prefix}.
   *
   * @throws BuiltinException if it is none
   */
  static Cidr parse(String text) throws BuiltinException {
    int slash = text.indexOf('/');
    byte[] address = slash < 0 ? null : parseAddress(text.substring(0, slash));
    String bits = text.substring(slash + 1);
    if (address == null
        || !bits.matches("[0-9]{1,3}")
        || Integer.parseInt(bits) > 8 * address.length) {
      throw new BuiltinException("no network: " + text);
    }
    return of(address, Integer.parseInt(bits));
  }

  /** The network of so many bits that holds the address. */
  public static Cidr of(byte[] address, int prefix) {
    byte[] masked = address.clone();
    for (int i = 0; i < masked.length; i++) {
      int bits = Math.clamp(prefix - 8L * i, 0, 8);
      masked[i] &= (byte) (0xff00 >>> bits);
    }
    return new Cidr(masked, prefix);
  }

  /** 4 or 16 bytes; null if it is no address. No zone, no leading zeros, as in Go. */
  public static byte[] parseAddress(String text) {
    return text.indexOf(':') < 0 ? parse4(text) : parse6(text);
  }

  private static byte[] parse4(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return null;
    }
    byte[] address = new byte[4];
    for (int i = 0; i < 4; i++) {
      if (!parts[i].matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(parts[i]) > 255) {
        return null;
      }
      address[i] = (byte) Integer.parseInt(parts[i]);
    }
    return address;
  }

  private static byte[] parse6(String text) {
    int gap = text.indexOf("::");
    if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
      return null;
    }
    byte[] head = groups(gap < 0 ? text : text.substring(0, gap), gap < 0);
    byte[] tail = gap < 0 ? new byte[0] : groups(text.substring(gap + 2), true);
    if (head == null || tail == null) {
      return null;
    }
    int length = head.length + tail.length;
    if (gap < 0 ? length != 16 : length > 14) {
      return null;
    }
    byte[] address = Arrays.copyOf(head, 16);
    System.arraycopy(tail, 0, address, 16 - tail.length, tail.length);
    return address;
  }

  private static byte[] groups(String text, boolean last) {
    if (text.isEmpty()) {
      return new byte[0];
    }
    String[] parts = text.split(":", -1);
    byte[] bytes = new byte[2 * parts.length + 2];
    int length = 0;
    for (int i = 0; i < parts.length; i++) {
      if (last && i == parts.length - 1 && parts[i].indexOf('.') >= 0) {
        byte[] v4 = parse4(parts[i]);
        if (v4 == null) {
          return null;
        }
        System.arraycopy(v4, 0, bytes, length, 4);
        length += 4;
      } else if (parts[i].matches("[0-9a-fA-F]{1,4}")) {
        int group = Integer.parseInt(parts[i], 16);
        bytes[length++] = (byte) (group >>> 8);
        bytes[length++] = (byte) group;
      } else {
        return null;
      }
    }
    return Arrays.copyOf(bytes, length);
  }

  /* ::ffff:a.b.c.d is a.b.c.d to Go. */
  private static byte[] shortest(byte[] address) {
    return address.length == 16 && Digits.isMapped(address)
        ? Arrays.copyOfRange(address, 12, 16)
        : address;
  }

  /** Whether the address is in it; {@code IPNet.Contains} of Go. */
  boolean contains(byte[] other) {
    byte[] mine = shortest(address);
    byte[] theirs = shortest(other);
    if (mine.length != theirs.length) {
      return false;
    }
    int bits = mine.length == address.length ? prefix : Math.max(0, prefix - 96);
    return Arrays.equals(of(theirs, bits).address, of(mine, bits).address);
  }

  /** Whether all addresses of the other are in it. */
  boolean contains(Cidr other) {
    if (address.length == 16
        && other.address.length == 16
        && shortest(address).length == 16
        && shortest(other.address).length == 16) {
      return prefix <= other.prefix && Arrays.equals(address, of(other.address, prefix).address);
    }
    return contains(other.address) && contains(other.last());
  }

  /** Its highest address. */
  byte[] last() {
    byte[] last = address.clone();
    for (int i = 0; i < last.length; i++) {
      int bits = Math.clamp(prefix - 8L * i, 0, 8);
      last[i] |= (byte) (0xff >>> bits);
    }
    return last;
  }

  BigInteger firstNumber() {
    return new BigInteger(1, address);
  }

  BigInteger lastNumber() {
    return new BigInteger(1, last());
  }

  /** An address as Go writes it. */
  public static String text(byte[] address) {
    byte[] wide = address;
    if (address.length == 4) {
      wide = new byte[16];
      wide[10] = wide[11] = -1;
      System.arraycopy(address, 0, wide, 12, 4);
    }
    byte[] out = new byte[Digits.LENGTH_MAX + 1];
    return new String(
        out, 0, Digits.address(wide, out, 0), java.nio.charset.StandardCharsets.US_ASCII);
  }

  @Override
  public String toString() {
    return text(address) + "/" + prefix;
  }
}
