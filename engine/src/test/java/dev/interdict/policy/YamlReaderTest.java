package dev.interdict.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlReaderTest {

  private final Findings findings = new Findings();

  private YamlNode read(String text) {
    return YamlReader.read("a.yaml", text.getBytes(UTF_8), YamlReader.MAX_BYTES, findings);
  }

  private String places() {
    return findings.sorted().stream()
        .map(d -> d.line() + ":" + d.column() + " " + d.code())
        .toList()
        .toString();
  }

  @Test
  void scalarsAreThoseOfYamlOneDotTwo() {
    YamlNode list =
        read(
            "[no, on, Yes, y, 1:30, 0640, 0o640, 0x1F, -7, +7, 1_000, 1.5, 1e3, .5, ~, null,"
                + " true, FALSE, \"true\", '12', 2024-01-01, 99999999999999999999, .inf, 0b1]");
    List<Object> expected =
        Arrays.asList(
            "no",
            "on",
            "Yes",
            "y",
            "1:30",
            640L,
            416L,
            31L,
            -7L,
            7L,
            "1_000",
            1.5,
            1000.0,
            0.5,
            null,
            null,
            true,
            false,
            "true",
            "12",
            "2024-01-01",
            new BigInteger("99999999999999999999"),
            ".inf",
            "0b1");
    assertEquals("[]", places());
    assertEquals(expected, list.value());
  }

  @Test
  void marksCountFromOneInCharacters() {
    YamlNode.Mapping map = (YamlNode.Mapping) read("ä: 1\nb:\n  ö: x\n");
    YamlNode.Mapping inner = (YamlNode.Mapping) map.entries().get(1).value();
    assertEquals(new Mark(1, 4), map.entries().get(0).value().at());
    assertEquals(new Mark(3, 6), inner.entries().get(0).value().at());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: &x 1                         | [1:4 yaml.anchor]",
        "a: &x [1]\\nb: *x               | [1:4 yaml.anchor, 2:4 yaml.alias]",
        "a: !!str 1                      | [1:4 yaml.tag]",
        "a: !java.lang.Runtime {}        | [1:4 yaml.tag]",
        "a: 1\\na: 2\\nb: 1\\nb: 3       | [2:1 yaml.duplicate-key, 4:1 yaml.duplicate-key]",
        "a: 1\\n---\\nb: 2               | [2:1 yaml.documents]",
        "%YAML 1.1\\n---\\na: 1          | [1:1 yaml.directive]",
        "? [a]\\n: 1                     | [1:3 yaml.type]",
        "a: [1                           | [1:6 yaml.syntax]",
        "a: 'x                           | [1:6 yaml.syntax]",
        "a:\\n\\tb: 1                    | [2:1 yaml.syntax]",
        "a: 1\\nb: x\\u0001y             | [2:5 yaml.syntax]",
        "                                | [0:0 yaml.empty]",
        "# only a comment                | [0:0 yaml.empty]",
      })
  void tricksAreFindings(String text, String expected) {
    String yaml =
        text == null
            ? ""
            : text.replace("\\n", "\n").replace("\\t", "\t").replace("\\u0001", "\u0001");
    read(yaml);
    assertEquals(expected, places());
  }

  @Test
  void deepNestingEndsTheReading() {
    int depth = 100_000;
    assertNull(read("[".repeat(depth) + "]".repeat(depth)));
    assertEquals("[1:21 yaml.depth]", places());
  }

  @Test
  void nestingUpToTheLimitIsRead() {
    int depth = YamlReader.MAX_DEPTH - 1;
    read("[".repeat(depth) + "x" + "]".repeat(depth));
    assertEquals("[]", places());
  }

  @Test
  void aBillionLaughsCostNothing() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 60; i++) {
      bomb.append(
          "a%d: &a%d [%s]\n"
              .formatted(i, i, String.join(", ", Collections.nCopies(9, "*a" + (i - 1)))));
    }
    read(bomb.toString());
    assertTrue(findings.failed());
  }

  @Test
  void aFileThatIsTooLargeIsNotParsed() {
    assertNull(read("#".repeat(YamlReader.MAX_BYTES) + "\n"));
    assertEquals("[0:0 yaml.size]", places());
  }

  @Test
  void bytesThatAreNotUtf8AreNamed() {
    byte[] bytes = {'a', ':', ' ', '1', '\n', 'b', ':', ' ', (byte) 0xC3, '('};
    assertNull(YamlReader.read("a.yaml", bytes, YamlReader.MAX_BYTES, findings));
    assertEquals("[2:0 yaml.encoding]", places());
    assertTrue(findings.sorted().getFirst().message().contains("0xc3 at offset 8"));
  }
}
