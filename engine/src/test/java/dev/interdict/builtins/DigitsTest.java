package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DigitsTest {
  private static String address(byte[] address) {
    byte[] out = new byte[Digits.LENGTH_MAX + 1];
    return new String(out, 0, Digits.address(address, out, 0), US_ASCII);
  }

  @ParameterizedTest
  @CsvSource({
    "::, ::",
    "::1, ::1",
    "2001:db8:0:0:0:0:0:1, 2001:db8::1",
    // RFC 5952: the first of two equally long runs, never a single zero.
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "1:0:0:0:0:0:0:0, 1::",
    "0:0:0:1:0:0:0:0, 0:0:0:1::",
    "fe80::A:00b, fe80::a:b",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
  })
  void ipv6IsWrittenAsRfc5952Says(String from, String expected) throws Exception {
    assertEquals(expected, address(InetAddress.getByName(from).getAddress()));
  }

  @Test
  void aMappedAddressIsWrittenAsIpv4() {
    byte[] address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, (byte) 200, 1};
    assertEquals("10.0.200.1", address(address));
  }

  @Test
  void anAddressReadsBackAsItself() throws Exception {
    Random random = new Random(4);
    byte[] address = new byte[16];
    for (int i = 0; i < 10_000; i++) {
      random.nextBytes(address);
      address[0] |= 1;
      for (int zeros = random.nextInt(20); zeros > 0; zeros--) {
        address[1 + random.nextInt(15)] = 0;
      }
      String text = address(address);
      assertEquals(InetAddress.getByAddress(address), InetAddress.getByName(text), text);
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "7", "4294967295", "9223372036854775807", "18446744073709551615"})
  void numbersHaveNoSign(String number) {
    byte[] out = new byte[20];
    int end = Digits.unsigned(Long.parseUnsignedLong(number), out, 0);
    assertEquals(number, new String(out, 0, end, US_ASCII));
  }

  @Test
  void devicesAndModes() {
    byte[] out = new byte[20];
    assertEquals("259:3", new String(out, 0, Digits.device(259 << 20 | 3, out, 0), US_ASCII));
    assertEquals("4755", new String(out, 0, Digits.mode(0104755, out, 0), US_ASCII));
    assertEquals("0640", new String(out, 0, Digits.mode(0100640, out, 0), US_ASCII));
  }
}
