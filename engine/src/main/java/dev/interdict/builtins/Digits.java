package dev.interdict.builtins;

/** Numbers and addresses as ASCII, written into an array. Each method returns where it ended. */
public final class Digits {
  /** Longest text of an address, and of two numbers of 32 bits with a colon. */
  public static final int LENGTH_MAX = 45;

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private Digits() {}

  /** Whether 16 bytes hold {@code ::ffff:a.b.c.d}. */
  public static boolean isMapped(byte[] address) {
    for (int i = 0; i < 10; i++) {
      if (address[i] != 0) {
        return false;
      }
    }
    return address[10] == -1 && address[11] == -1;
  }

  /** A number of 64 bits without sign. */
  public static int unsigned(long value, byte[] out, int at) {
    int length = 1;
    for (long rest = Long.divideUnsigned(value, 10); rest != 0; rest /= 10) {
      length++;
    }
    long rest = value;
    for (int i = at + length - 1; i >= at; i--) {
      long tens = Long.divideUnsigned(rest, 10);
      out[i] = (byte) ('0' + rest - tens * 10);
      rest = tens;
    }
    return at + length;
  }

  /** {@code MAJOR:MINOR} of a kernel's {@code dev_t}. */
  public static int device(int device, byte[] out, int at) {
    int colon = unsigned(device >>> 20, out, at);
    out[colon] = ':';
    return unsigned(device & 0xfffff, out, colon + 1);
  }

  /** Permission bits as four octal digits. */
  public static int mode(int mode, byte[] out, int at) {
    for (int i = 0; i < 4; i++) {
      out[at + i] = (byte) ('0' + ((mode >>> (9 - 3 * i)) & 7));
    }
    return at + 4;
  }

  /** 16 bytes of an address: IPv4 dotted if it is mapped, else IPv6 as RFC 5952 writes it. */
  public static int address(byte[] address, byte[] out, int at) {
    if (isMapped(address)) {
      int end = at;
      for (int i = 12; i < 16; i++) {
        end = unsigned(address[i] & 0xff, out, end);
        out[end++] = '.';
      }
      return end - 1;
    }
    return address6(address, out, at);
  }

  private static int address6(byte[] address, byte[] out, int at) {
    int gap = -1;
    int gapLength = 1;
    for (int i = 0; i < 8; i++) {
      int zeros = 0;
      while (i + zeros < 8 && group(address, i + zeros) == 0) {
        zeros++;
      }
      if (zeros > gapLength) {
        gap = i;
        gapLength = zeros;
      }
    }
    int end = at;
    for (int i = 0; i < 8; i++) {
      if (i == gap) {
        out[end++] = ':';
        out[end++] = ':';
        i += gapLength - 1;
        continue;
      }
      if (i > 0 && i != gap + gapLength) {
        out[end++] = ':';
      }
      end = hex(group(address, i), out, end);
    }
    return end;
  }

  private static int group(byte[] address, int index) {
    return ((address[2 * index] & 0xff) << 8) | (address[2 * index + 1] & 0xff);
  }

  private static int hex(int group, byte[] out, int at) {
    int end = at;
    for (int shift = 12; shift >= 0; shift -= 4) {
      if (group >>> shift != 0 || shift == 0) {
        out[end++] = HEX[(group >>> shift) & 15];
      }
    }
    return end;
  }
}
