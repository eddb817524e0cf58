package dev.interdict.builtins;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.Locale;

/**
 * {@code net/url} of Go: what it takes for an URL, and what it makes of it. Absent parts are empty.
 *
 * @param path with its escapes resolved
 * @param rawPath as it was written, if escaping {@code path} again gives something else
 */
record GoUrl(
    String scheme,
    String hostname,
    String port,
    String path,
    String rawPath,
    String rawQuery,
    String fragment) {

  /** Where text stands, which decides what may stand there unescaped beside letters and digits. */
  enum Part {
    PATH("-_.~$&+,/:;=@"),
    HOST("-_.~!$&'()*+,;=:[]<>\""),
    ZONE("-_.~!$&'()*+,;=:[]<>\""),
    USER("-_.~$&+,;="),
    QUERY("-_.~"),
    FRAGMENT("-_.~$&+,/:;=?@!()*");

    private final String plain;

    Part(String plain) {
      this.plain = plain;
    }

    boolean isPlain(int c) {
      return isAlphanumeric(c) || (c < 0x80 && plain.indexOf(c) >= 0);
    }
  }

  private static final String HEX = "0123456789ABCDEF";

  /** {@code url.Parse}. */
  static GoUrl parse(String text) throws BuiltinException {
    // One character a byte, as Go sees it.
    String url = bytes(text);
    int hash = url.indexOf('#');
    String fragment = hash < 0 ? "" : unescapeBytes(url.substring(hash + 1), Part.FRAGMENT);
    String rest = hash < 0 ? url : url.substring(0, hash);
    if (rest.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw new BuiltinException("uri: control character");
    }
    if (rest.equals("*")) {
      return of("", "", "*", "*", "", fragment);
    }
    String scheme = scheme(rest);
    rest = scheme.isEmpty() ? rest : rest.substring(scheme.length() + 1);
    int mark = rest.indexOf('?');
    String query = mark < 0 ? "" : rest.substring(mark + 1);
    rest = mark < 0 ? rest : rest.substring(0, mark);
    if (!rest.startsWith("/")) {
      if (!scheme.isEmpty()) {
        return of(scheme, "", "", "", query, fragment);
      }
      if (rest.split("/", 2)[0].contains(":")) {
        throw new BuiltinException("uri: colon in the first segment of a relative path");
      }
    }
    String host = "";
    if (rest.startsWith("//") && (!scheme.isEmpty() || !rest.startsWith("///"))) {
      int slash = rest.indexOf('/', 2);
      host = authority(scheme, rest.substring(2, slash < 0 ? rest.length() : slash));
      rest = slash < 0 ? "" : rest.substring(slash);
    }
    String path = unescapeBytes(rest, Part.PATH);
    String raw = rest.equals(escapeBytes(path, Part.PATH)) ? path : rest;
    return of(scheme, host, path, raw, query, fragment);
  }

  private static GoUrl of(
      String scheme, String host, String path, String rawPath, String query, String fragment) {
    int colon = host.lastIndexOf(':');
    boolean hasPort = colon >= 0 && isPort(host.substring(colon));
    String name = hasPort ? host.substring(0, colon) : host;
    if (name.startsWith("[") && name.endsWith("]")) {
      name = name.substring(1, name.length() - 1);
    }
    return new GoUrl(
        scheme.toLowerCase(Locale.ROOT),
        text(name),
        hasPort ? host.substring(colon + 1) : "",
        text(path),
        text(rawPath),
        text(query),
        text(fragment));
  }

  private static String scheme(String url) throws BuiltinException {
    if (url.startsWith(":")) {
      throw new BuiltinException("uri: no scheme before the colon");
    }
    int colon = url.indexOf(':');
    boolean valid = colon > 0 && url.substring(0, colon).matches("[a-zA-Z][a-zA-Z0-9+.-]*");
    return valid ? url.substring(0, colon) : "";
  }

  private static String authority(String scheme, String authority) throws BuiltinException {
    int at = authority.lastIndexOf('@');
    String host = host(scheme.toLowerCase(Locale.ROOT), authority.substring(at + 1));
    if (at >= 0) {
      String user = authority.substring(0, at);
      if (!user.matches("[a-zA-Z0-9\\-._:~!$&'()*+,;=%@]*")) {
        throw new BuiltinException("uri: invalid user");
      }
      unescapeBytes(user, Part.USER);
    }
    return host;
  }

  private static String host(String scheme, String host) throws BuiltinException {
    int open = host.lastIndexOf('[');
    if (open > 0) {
      throw new BuiltinException("uri: bracket inside of the host");
    }
    if (open == 0) {
      return literal(host);
    }
    int colon =
        scheme.equals("http") || scheme.equals("https") ? host.indexOf(':') : host.lastIndexOf(':');
    if (colon >= 0 && !isPort(host.substring(colon))) {
      throw new BuiltinException("uri: invalid port");
    }
    return unescapeBytes(host, Part.HOST);
  }

  /* An IPv6 address in brackets, with a zone perhaps. */
  private static String literal(String host) throws BuiltinException {
    int close = host.lastIndexOf(']');
    if (close < 0 || !isPort(host.substring(close + 1))) {
      throw new BuiltinException("uri: no closing bracket, or an invalid port");
    }
    String inside = host.substring(1, close);
    int zone = inside.indexOf("%25");
    String name =
        zone < 0
            ? unescapeBytes(inside, Part.HOST)
            : unescapeBytes(inside.substring(0, zone), Part.HOST)
                + unescapeBytes(inside.substring(zone), Part.ZONE);
    int percent = name.indexOf('%');
    byte[] address = Cidr.parseAddress(percent < 0 ? name : name.substring(0, percent));
    if (address == null || address.length != 16 || (percent >= 0 && percent == name.length() - 1)) {
      throw new BuiltinException("uri: no IPv6 address in the brackets");
    }
    return "[" + name + "]" + host.substring(close + 1);
  }

  private static boolean isPort(String text) {
    return text.isEmpty() || text.matches(":[0-9]*");
  }

  /** {@code url.QueryEscape} and its like. */
  static String escape(String text, Part part) {
    return escapeBytes(bytes(text), part);
  }

  /** {@code url.QueryUnescape} and its like. */
  static String unescape(String text, Part part) throws BuiltinException {
    return text(unescapeBytes(bytes(text), part));
  }

  private static String escapeBytes(String bytes, Part part) {
    StringBuilder out = new StringBuilder(bytes.length());
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (part.isPlain(c)) {
        out.append(c);
      } else if (c == ' ' && part == Part.QUERY) {
        out.append('+');
      } else {
        out.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
      }
    }
    return out.toString();
  }

  private static String unescapeBytes(String bytes, Part part) throws BuiltinException {
    StringBuilder out = new StringBuilder(bytes.length());
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (c == '%') {
        out.append(escaped(bytes, i, part));
        i += 2;
      } else if ((part == Part.HOST || part == Part.ZONE) && c < 0x80 && !part.isPlain(c)) {
        throw new BuiltinException("uri: character that a host cannot have");
      } else {
        out.append(c == '+' && part == Part.QUERY ? ' ' : c);
      }
    }
    return out.toString();
  }

  /* In a host only what is not ASCII may be escaped, in a zone also what could stand there plain. */
  private static char escaped(String bytes, int at, Part part) throws BuiltinException {
    int high = at + 2 < bytes.length() ? Character.digit(bytes.charAt(at + 1), 16) : -1;
    int low = at + 2 < bytes.length() ? Character.digit(bytes.charAt(at + 2), 16) : -1;
    int value = high << 4 | low;
    boolean allowed =
        switch (part) {
          case HOST -> high >= 8 || value == '%';
          case ZONE -> value == '%' || value == ' ' || part.isPlain(value);
          default -> true;
        };
    if (high < 0 || low < 0 || !allowed) {
      throw new BuiltinException("url: invalid escape");
    }
    return (char) value;
  }

  private static String bytes(String text) {
    return new String(text.getBytes(UTF_8), ISO_8859_1);
  }

  private static String text(String bytes) {
    return new String(bytes.getBytes(ISO_8859_1), UTF_8);
  }

  private static boolean isAlphanumeric(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
