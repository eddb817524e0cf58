package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkedFoldersTest {
  @TempDir Path root;

  @BeforeEach
  void makeFolders() throws Exception {
    Files.createDirectories(root.resolve("srv/data-7"));
    Files.createSymbolicLink(root.resolve("srv/data"), Path.of("data-7"));
    Files.createDirectories(root.resolve("usr/bin"));
    Files.createSymbolicLink(root.resolve("bin"), Path.of("usr/bin"));
  }

  private static ParsedPolicy parse(String condition) throws PolicyException {
    ParsedPolicy parsed =
        PolicyParser.parse(
            Sources.rules("file_open", "- deny: {file.path: {" + condition + "}}\n  reason: no"));
    parsed.orThrow();
    return parsed;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "under: /bin             | /bin leads through /bin, which is a link to /usr/bin on most hosts and in most images: the kernel reports /usr/bin. Write that, or both",
        "under: /var/run/app     | /var/run/app leads through /var/run, which is a link to /run on most hosts and in most images: the kernel reports /run/app. Write that, or both",
        "prefix: /lib/           | /lib/ leads through /lib, which is a link to /usr/lib on most hosts and in most images: the kernel reports /usr/lib/. Write that, or both",
        "prefix: /lib            | /lib leads through /lib, which is a link to /usr/lib on most hosts and in most images: the kernel reports /usr/lib. Write that, or both",
        "glob: '/sbin/*'         | /sbin/* leads through /sbin, which is a link to /usr/sbin on most hosts and in most images: the kernel reports /usr/sbin/*. Write that, or both",
        "regex: '^/bin/[a-z]+$'  | ^/bin/[a-z]+$ leads through /bin, which is a link to /usr/bin on most hosts and in most images: the kernel reports ^/usr/bin/[a-z]+$. Write that, or both",
        "under: [/bin, /usr/bin] |",
        "prefix: [/var/lock/, /run/lock/] |",
        "under: /binary          |",
        "under: /var/running     |",
        "in: [/bin/ls]           |",
        "suffix: /bin/ls         |",
        "contains: /bin/         |",
      })
  void linksOfNearlyEveryHostMustBeToldWithWhatToWrite(String condition, String expected)
      throws PolicyException {
    List<Diagnostic> found = parse(condition).diagnostics();
    assertEquals(
        expected == null
            ? List.of()
            : List.of("policy.yaml:7:26: " + expected + " [lint.merged-usr]"),
        found.stream().map(Diagnostic::toString).toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "under: /srv/data               | /srv/data leads to /srv/data-7",
        "under: [/srv, /srv/data/x/y]   | /srv/data/x/y leads to /srv/data-7/x/y",
        "prefix: /srv/data/             | /srv/data leads to /srv/data-7",
        "prefix: /srv/data/a            | /srv/data leads to /srv/data-7",
        "prefix: /srv/data              |",
        "glob: '/srv/data/*/x'          | /srv/data leads to /srv/data-7",
        "glob: '/srv/d{ata,}/x'         |",
        "regex: '^/srv/data/[a-z]'      | /srv/data leads to /srv/data-7",
        "under: [/srv/data, /srv/data-7] |",
        "under: /srv/data-7             |",
        "under: /bin                    |",
        "in: [/srv/data/x]              |",
        "contains: /srv/data/           |",
      })
  void foldersThatAreLinksHereMustBeToldWithWhatToWrite(String condition, String expected)
      throws PolicyException {
    List<String> found =
        LinkedFolders.here(root, parse(condition).notes().folders()).stream()
            .map(Diagnostic::toString)
            .toList();
    if (expected == null) {
      assertEquals(List.of(), found);
      return;
    }
    assertEquals(1, found.size(), found.toString());
    String start = "policy.yaml:7:26: " + expected + " on this host, and";
    assertTrue(found.getFirst().startsWith(start), found.getFirst());
    String real = expected.substring(expected.lastIndexOf(' ') + 1);
    assertTrue(
        found.getFirst().endsWith(". Write " + real + ", or both [lint.linked-folder]"),
        found.getFirst());
  }

  @Test
  void foldersOfDataMustBeLookedAt() throws PolicyException {
    PolicySource source =
        Sources.folder(
            "policy.yaml",
            """
            apiVersion: interdict.dev/v1
            kind: Policy
            metadata: {name: t}
            spec:
              hooks: [file_open]
              rules:
                - deny: {file.path: {prefix: {data: begins}}}
                  reason: no
            """,
            "data.json",
            "{\"begins\": [\"/srv/data/\", \"/var/run/x/\"]}");
    ParsedPolicy parsed = PolicyParser.parse(source);
    parsed.orThrow();
    assertEquals(List.of("lint.merged-usr"), codes(parsed.diagnostics()));
    assertEquals(
        List.of("lint.linked-folder"), codes(LinkedFolders.here(root, parsed.notes().folders())));
  }

  private static List<String> codes(List<Diagnostic> found) {
    return found.stream().map(Diagnostic::code).toList();
  }

  /**
   * What cannot be looked at is no finding, and a folder that is not there yet leads nowhere else.
   */
  @Test
  void whatIsNotThereMustNotBeToldOf() throws Exception {
    Files.createSymbolicLink(root.resolve("srv/lost"), Path.of("nowhere"));
    assertEquals(
        List.of(),
        LinkedFolders.here(root, parse("under: [/srv/lost/a, /none/at/all]").notes().folders()));
  }
}
