package dev.interdict.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicySourceTest {
  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void aFolder() throws IOException {
    folder = Files.createDirectory(temp.resolve("p"));
    Files.writeString(folder.resolve("policy.yaml"), "kind: Policy\n");
  }

  private List<String> codes() {
    PolicyException e = assertThrows(PolicyException.class, () -> PolicySource.read(folder));
    return e.diagnostics().stream().map(d -> d.file() + " " + d.code()).toList();
  }

  @Test
  void onlyTheFilesOfAPolicyAreRead() throws Exception {
    for (String name :
        List.of("a.rego", "a_test.rego", "cases.yaml", "data.yaml", "README.md", "notes.txt")) {
      Files.writeString(folder.resolve(name), "x");
    }
    Files.createDirectory(folder.resolve("sub"));
    assertEquals(
        Set.of("a.rego", "a_test.rego", "cases.yaml", "data.yaml", "policy.yaml"),
        PolicySource.read(folder).files().keySet());
  }

  @Test
  void aFileThatWasMeantAndIsNotReadMustBeAnError() throws Exception {
    Files.createDirectories(folder.resolve("more/deep"));
    Files.createDirectories(folder.resolve(".git"));
    for (String name :
        List.of("more/r.rego", "more/deep/data.yaml", "data.yml", "Cases.yaml", "r.Rego")) {
      Files.writeString(folder.resolve(name), "x");
    }
    for (String name : List.of(".git/r.rego", "more/README.md", "r.rego.orig", "notes.yaml")) {
      Files.writeString(folder.resolve(name), "x");
    }
    assertEquals(
        List.of(
            "Cases.yaml policy.not-read",
            "data.yml policy.not-read",
            "more/deep/data.yaml policy.not-read",
            "more/r.rego policy.not-read",
            "r.Rego policy.not-read"),
        codes());
  }

  @Test
  void aSingleFileIsAPolicyUnderItsOwnName() throws Exception {
    Path file = Files.writeString(temp.resolve("x.yaml"), "kind: Policy\n");
    PolicySource source = PolicySource.read(file);
    assertEquals("x.yaml", source.manifest());
    assertEquals(Set.of("x.yaml"), source.files().keySet());
  }

  /** Its rules in Rego and its data would be missing without a word. */
  @Test
  void thePolicyYamlOfAFolderIsNotReadWithoutTheFolder() throws Exception {
    Path yaml = folder.resolve("policy.yaml");
    Files.writeString(folder.resolve("README.md"), "x");
    assertEquals("policy.yaml", PolicySource.read(yaml).manifest());
    Files.writeString(folder.resolve("r.rego"), "x");
    Files.writeString(folder.resolve("data.json"), "{}");
    PolicyException e = assertThrows(PolicyException.class, () -> PolicySource.read(yaml));
    assertEquals(
        List.of("data.json policy.not-read", "r.rego policy.not-read"),
        e.diagnostics().stream().map(d -> d.file() + " " + d.code()).toList());
  }

  @Test
  void aLinkOutOfTheFolderIsNotFollowed() throws IOException {
    Path secret = Files.writeString(temp.resolve("secret"), "x");
    Files.createSymbolicLink(folder.resolve("a.rego"), secret);
    Files.createSymbolicLink(folder.resolve("b.rego"), Path.of("../secret"));
    Files.createSymbolicLink(folder.resolve("c.rego"), Path.of("nowhere"));
    assertEquals(
        List.of("a.rego policy.link", "b.rego policy.link", "c.rego policy.unreadable"), codes());
  }

  @Test
  void aLinkInsideOfTheFolderIsFollowed() throws Exception {
    Files.createDirectory(folder.resolve("..data"));
    Files.writeString(folder.resolve("..data/a.rego"), "package a");
    Files.createSymbolicLink(folder.resolve("a.rego"), Path.of("..data/a.rego"));
    assertEquals(9, PolicySource.read(folder).files().get("a.rego").length);
  }

  @Test
  void whatIsNoFileIsNotOpened() throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", folder.resolve("a.rego").toString()).start();
    assertEquals(0, mkfifo.waitFor());
    Files.createDirectory(folder.resolve("b.rego"));
    assertEquals(List.of("a.rego policy.not-a-file", "b.rego policy.not-a-file"), codes());
  }

  @Test
  void limitsHold() throws IOException {
    Files.write(folder.resolve("data.json"), new byte[PolicySource.MAX_FILE_BYTES + 1]);
    assertEquals(List.of("data.json policy.size"), codes());
    Files.delete(folder.resolve("data.json"));
    for (int i = 0; i < PolicySource.MAX_FILES; i++) {
      Files.writeString(folder.resolve("r" + i + ".rego"), "x");
    }
    assertEquals(List.of(folder + " policy.size"), codes());
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Files.delete(folder.resolve("policy.yaml"));
    assertEquals(List.of("policy.yaml policy.missing-file"), codes());
    Files.delete(folder);
    assertEquals(List.of("p policy.missing-file"), codes());
  }
}
