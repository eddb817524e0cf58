package dev.interdict.builtins;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A builtin whose work can be more than its arguments are long stops when its time is over. */
class InterruptTest {
  private static final List<String> NETWORKS =
      List.of("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16");
  private static final List<Object> ZEROS = new ArrayList<>(Collections.nCopies(10, 0L));

  static Stream<Arguments> work() {
    return Stream.of(
        of("net.cidr_contains_matches", NETWORKS, NETWORKS),
        of("net.cidr_merge", NETWORKS),
        of("regex.find_n", "(a?){20}(a){20}b", "aaaaaaaaaaaa", -1L),
        of("regex.split", "a?b", "aaaaaaaa"),
        of("regex.replace", "aaaaaaaa", "a?b", "c"),
        of("regex.template_match", "urn:{a?b}:x", "urn:aaaa:x", "{", "}"),
        of("regex.globs_match", "[ab]*c", "[bc]*c"),
        of("indexof_n", "aaaaaaaa", "aa"),
        of("strings.any_prefix_match", List.of("/a", "/b"), List.of("/c", "/d")),
        of("strings.any_suffix_match", List.of("/a", "/b"), List.of("/c", "/d")),
        of("object.subset", ZEROS, List.of(0L, 1L)),
        of("object.subset", Set.of("a", "b"), Set.of("c")),
        of("object.subset", Map.of("a", ZEROS), Map.of("a", List.of(0L, 1L))),
        of("graph.reachable_paths", Map.of("a", List.of("b"), "b", List.of()), List.of("a")));
  }

  private static Arguments of(String name, Object... arguments) {
    return Arguments.of(name, arguments);
  }

  @AfterEach
  void goOn() {
    Thread.interrupted();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("work")
  void itEndsWhenItsThreadIsInterrupted(String name, Object[] arguments) throws Exception {
    Builtin builtin = Builtins.find(name);
    assertNotNull(builtin.apply(arguments, new Moment()), "these arguments are work");
    Thread.currentThread().interrupt();
    assertThrows(Builtin.Interrupted.class, () -> builtin.apply(arguments, new Moment()));
  }
}
