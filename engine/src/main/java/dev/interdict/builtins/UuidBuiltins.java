package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code uuid.parse}; making one would be random. */
final class UuidBuiltins {
  /** 1582-10-15, where the clock of versions 1 and 2 begins, in units of 100 ns before 1970. */
  private static final long EPOCH = 122_192_928_000_000_000L;

  private static final List<String> DOMAINS = List.of("Person", "Group", "Org");

  private UuidBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("uuid.parse", a -> parse(Rego.string(a[0])));
  }

  private static Object parse(String text) throws BuiltinException {
    ByteBuffer uuid = ByteBuffer.wrap(bytes(text));
    long high = uuid.getLong(0);
    long version = high >>> 12 & 0xf;
    Map<Object, Object> parsed = new LinkedHashMap<>();
    parsed.put("version", version);
    parsed.put("variant", variant(uuid.get(8)));
    if (version == 1 || version == 2) {
      byte[] node = new byte[6];
      uuid.get(10, node);
      long ticks = high >>> 32 | (high >>> 16 & 0xffff) << 32 | (high & 0xfff) << 48;
      parsed.put("time", (ticks - EPOCH) * 100);
      parsed.put("nodeid", HexFormat.ofDelimiter("-").formatHex(node));
      parsed.put("macvariables", address(node[0]));
      parsed.put("clocksequence", uuid.getShort(8) & 0x3fffL);
    }
    if (version == 2) {
      int domain = uuid.get(9) & 0xff;
      parsed.put("id", high >>> 32);
      parsed.put("domain", domain < DOMAINS.size() ? DOMAINS.get(domain) : "Domain" + domain);
    }
    return parsed;
  }

  /* The forms that google/uuid knows; of the one in braces it looks at the middle only. */
  private static byte[] bytes(String text) throws BuiltinException {
    String plain =
        switch (text.getBytes(UTF_8).length) {
          case 32 -> text;
          case 36 -> withoutDashes(text);
          case 38 -> text.length() == 38 ? withoutDashes(text.substring(1, 37)) : "";
          case 45 ->
              text.toLowerCase(Locale.ROOT).startsWith("urn:uuid:")
                  ? withoutDashes(text.substring(9))
                  : "";
          default -> "";
        };
    if (!plain.matches("[0-9a-fA-F]{32}")) {
      throw new BuiltinException("uuid.parse: no UUID");
    }
    return HexFormat.of().parseHex(plain);
  }

  private static String withoutDashes(String text) {
    return text.matches(".{8}-.{4}-.{4}-.{4}-.{12}") ? text.replace("-", "") : "";
  }

  private static String variant(byte bits) {
    if ((bits & 0xc0) == 0x80) {
      return "RFC4122";
    }
    return (bits & 0xe0) == 0xc0 ? "Microsoft" : (bits & 0xe0) == 0xe0 ? "Future" : "Reserved";
  }

  private static String address(byte first) {
    return ((first & 2) == 0 ? "global:" : "local:") + ((first & 1) == 0 ? "unicast" : "multicast");
  }
}
