package dev.interdict.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTest {

  @Test
  void aPlainNameIsNotCopied() {
    byte[] name = "/srv/Ünïcode/文件/🙂".getBytes(UTF_8);
    assertSame(name, Names.escape(name));
    assertSame(name, Names.unescape(name));
  }

  @ParameterizedTest
  @CsvSource({
    "61ff62, a\uefffb", // a byte that starts nothing
    "c0af, \uefc0\uefaf", // an overlong slash
    "eda080, \uefed\uefa0\uef80", // a surrogate
    "f4908080, \ueff4\uef90\uef80\uef80", // beyond Unicode
    "c3, \uefc3", // cut off
    "c341, \uefc3A", // cut off by another character
    "6100, a\uef00", // NUL
    "610a62, a\uef0ab", // a line feed
    "eebc8a, \uefee\uefbc\uef8a", // its escape
    "eebe80, \uefee\uefbe\uef80", // the escape of 0x80 itself
    "eebc80, \uefee\uefbc\uef80", // the escape of NUL itself
    "eebc81, \uef01", // its neighbour is an ordinary character
  })
  void whatIsNotUtf8IsEscapedByteByByte(String hex, String text) {
    byte[] name = HexFormat.of().parseHex(hex);
    assertEquals(text, Names.toText(name));
    assertArrayEquals(name, Names.toBytes(text));
  }

  @Test
  void tenThousandRandomNamesComeBackAndNoTwoAreOneText() {
    Random random = new Random(7);
    Map<String, byte[]> seen = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      byte[] name = random(random);
      byte[] text = Names.escape(name);
      assertValidUtf8(text);
      assertArrayEquals(name, Names.unescape(text), () -> HexFormat.of().formatHex(name));
      byte[] other = seen.put(Names.toText(name), name);
      if (other != null) {
        assertArrayEquals(other, name);
      }
    }
  }

  /** Bytes as attackers choose them: much that is almost valid. */
  private static byte[] random(Random random) {
    byte[][] pieces = {{(byte) 0xee}, {(byte) 0xbe}, {(byte) 0xbc}, {(byte) 0x80}, {0}, {'a'}};
    ByteBuffer name = ByteBuffer.allocate(64);
    for (int i = random.nextInt(12); i > 0; i--) {
      if (random.nextBoolean()) {
        name.put(pieces[random.nextInt(pieces.length)]);
      } else {
        name.put((byte) random.nextInt(256));
      }
    }
    byte[] bytes = new byte[name.flip().limit()];
    name.get(bytes);
    return bytes;
  }

  private static void assertValidUtf8(byte[] text) {
    try {
      assertNotNull(UTF_8.newDecoder().decode(ByteBuffer.wrap(text)));
    } catch (CharacterCodingException e) {
      throw new AssertionError(HexFormat.of().formatHex(text), e);
    }
  }
}
