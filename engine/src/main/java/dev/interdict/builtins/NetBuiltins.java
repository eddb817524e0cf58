package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code net.cidr_*}. */
final class NetBuiltins {
  /** Addresses that {@code net.cidr_expand} may return: a /16. */
  private static final int EXPAND_BITS_MAX = 16;

  private NetBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("net.cidr_contains_matches", NetBuiltins::containsMatches);
    table.put("net.cidr_expand", a -> expand(Rego.string(a[0])));
    table.put("net.cidr_is_valid", NetBuiltins::isValid);
    table.put("net.cidr_merge", a -> merge(Rego.collection(a[0])));
  }

  private static Object isValid(Object[] a) {
    try {
      Cidr.parse(Rego.string(a[0]));
      return true;
    } catch (BuiltinException e) {
      return false;
    }
  }

  private static Object expand(String text) throws BuiltinException {
    Cidr network = Cidr.parse(text);
    int bits = 8 * network.address().length - network.prefix();
    if (bits > EXPAND_BITS_MAX) {
      throw new BuiltinException("net.cidr_expand: more than 2^" + EXPAND_BITS_MAX + " addresses");
    }
    Set<Object> all = new LinkedHashSet<>();
    for (int i = 0; i < 1 << bits; i++) {
      byte[] address = network.address().clone();
      for (int at = address.length - 1, rest = i; rest != 0; at--, rest >>>= 8) {
        address[at] |= (byte) rest;
      }
      all.add(Cidr.text(address));
    }
    return all;
  }

  private static Object containsMatches(Object[] a) throws BuiltinException {
    Set<Object> matches = new LinkedHashSet<>();
    for (Map.Entry<Object, String> outer : terms(a[0])) {
      Cidr network = Cidr.parse(outer.getValue());
      for (Map.Entry<Object, String> inner : terms(a[1])) {
        Rego.checkInterrupt();
        byte[] address = Cidr.parseAddress(inner.getValue());
        boolean inside =
            address != null
                ? network.contains(address)
                : network.contains(Cidr.parse(inner.getValue()));
        if (inside) {
          matches.add(List.of(outer.getKey(), inner.getKey()));
        }
      }
    }
    return matches;
  }

  /* What identifies each network of an operand, and the network. */
  private static List<Map.Entry<Object, String>> terms(Object operand) throws BuiltinException {
    List<Map.Entry<Object, String>> terms = new ArrayList<>();
    switch (operand) {
      case String one -> terms.add(Map.entry(one, one));
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          terms.add(Map.entry((long) i, term(list.get(i))));
        }
      }
      case Set<?> set -> {
        for (Object element : set) {
          terms.add(Map.entry(element, term(element)));
        }
      }
      default -> {
        for (Map.Entry<?, ?> entry : Rego.object(operand).entrySet()) {
          terms.add(Map.entry(entry.getKey(), term(entry.getValue())));
        }
      }
    }
    return terms;
  }

  private static String term(Object value) throws BuiltinException {
    return Rego.string(value instanceof List<?> list && !list.isEmpty() ? list.getFirst() : value);
  }

  private record Range(int bytes, BigInteger first, BigInteger last, Cidr whole) {}

  private static Object merge(Collection<?> networks) throws BuiltinException {
    List<Range> ranges = new ArrayList<>();
    for (Object network : networks) {
      Cidr cidr = network(Rego.string(network));
      Cidr masked = Cidr.of(cidr.address(), cidr.prefix());
      ranges.add(new Range(cidr.address().length, masked.firstNumber(), masked.lastNumber(), cidr));
    }
    ranges.sort(
        Comparator.comparingInt(Range::bytes)
            .thenComparing(Range::last)
            .thenComparing(Range::first));
    for (int i = ranges.size() - 1; i > 0; i--) {
      Rego.checkInterrupt(); // removing moves all that follow
      Range high = ranges.get(i);
      Range low = ranges.get(i - 1);
      if (high.bytes == low.bytes && high.first.subtract(BigInteger.ONE).compareTo(low.last) <= 0) {
        ranges.set(i - 1, new Range(high.bytes, high.first.min(low.first), high.last, null));
        ranges.remove(i);
      }
    }
    Set<Object> merged = new LinkedHashSet<>();
    for (Range range : ranges) {
      if (range.whole != null) {
        merged.add(range.whole.toString());
      } else {
        split(range, merged);
      }
    }
    return merged;
  }

  /* An IPv4 address alone counts as its class's network, as in OPA. */
  private static Cidr network(String text) throws BuiltinException {
    byte[] address = Cidr.parseAddress(text);
    if (address == null) {
      return Cidr.parse(text);
    }
    if (address.length != 4) {
      throw new BuiltinException("net.cidr_merge: an IPv6 address needs a prefix length");
    }
    int first = address[0] & 0xff;
    return new Cidr(address, first < 128 ? 8 : first < 192 ? 16 : 24);
  }

  private static void split(Range range, Set<Object> networks) {
    int bits = 8 * range.bytes;
    BigInteger first = range.first;
    while (first.compareTo(range.last) <= 0) {
      int size = first.signum() == 0 ? bits : first.getLowestSetBit();
      while (first
              .add(BigInteger.ONE.shiftLeft(size))
              .subtract(BigInteger.ONE)
              .compareTo(range.last)
          > 0) {
        size--;
      }
      networks.add(new Cidr(bytes(first, range.bytes), bits - size).toString());
      first = first.add(BigInteger.ONE.shiftLeft(size));
    }
  }

  private static byte[] bytes(BigInteger number, int length) {
    byte[] raw = number.toByteArray();
    byte[] bytes = new byte[length];
    int count = Math.min(raw.length, length);
    System.arraycopy(raw, raw.length - count, bytes, length - count, count);
    return bytes;
  }
}
