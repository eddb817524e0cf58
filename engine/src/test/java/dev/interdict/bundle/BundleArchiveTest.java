package dev.interdict.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BundleArchiveTest {
  private static final Limits SMALL = new Limits(100_000, 10_000, 5, 3);

  @TempDir Path directory;

  @Test
  void whatWasPackedMustComeOutAndEqualFilesGiveEqualBytes() throws BundleException {
    SortedMap<String, byte[]> files =
        TestBundles.files(
            "a", "", "b/c.rego", "x".repeat(512), "z".repeat(90) + "/" + "y".repeat(90), "long");

    byte[] archive = BundleArchive.pack(files);

    assertArrayEquals(archive, BundleArchive.pack(new TreeMap<>(files)));
    SortedMap<String, byte[]> unpacked = BundleArchive.unpack(archive, Limits.DEFAULT);
    assertEquals(files.keySet(), unpacked.keySet());
    files.forEach((name, content) -> assertArrayEquals(content, unpacked.get(name), name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ustar", "pax", "v7"})
  void theSystemsTarMustBeReadWithAndWithoutDotsBeforeTheNames(String format) throws Exception {
    String deep = "interdict/" + (format.equals("pax") ? "p".repeat(120) : "policies");
    Files.createDirectories(directory.resolve("in").resolve(deep));
    Files.writeString(directory.resolve("in").resolve(deep).resolve("data.json"), "{}");
    Path archive = directory.resolve("a.tar.gz");
    for (String what : new String[] {".", "interdict"}) {
      Process tar =
          new ProcessBuilder(
                  "tar",
                  "-C",
                  directory.resolve("in").toString(),
                  "--format=" + format,
                  "-czf",
                  archive.toString(),
                  what)
              .inheritIO()
              .start();
      assertTrue(tar.waitFor(20, TimeUnit.SECONDS) && tar.exitValue() == 0);

      assertEquals(
          "[" + deep + "/data.json]",
          BundleArchive.unpack(Files.readAllBytes(archive), Limits.DEFAULT).keySet().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../etc/passwd",
        "a/../../b",
        "/../x",
        "a//b",
        "a/./b",
        "//a",
        "a/",
        "a\\b",
        "a\nb"
      })
  void aNameThatLeadsElsewhereMustBeRefused(String name) {
    assertRefused("", entry('0', name, "x"));
  }

  @ParameterizedTest
  @ValueSource(chars = {'1', '2', '3', '4', '6', '7', 'L', 'K', 'S', 'g', 'X'})
  void whatIsNoPlainFileMustBeRefused(char type) {
    assertRefused("is no plain file", entry(type, "link", ""));
  }

  @Test
  void aNameInAPaxHeaderMustBeLookedAtToo() {
    assertRefused("no path inside", entry('x', "h", pax("path=../x")), entry('0', "a", "x"));
    assertRefused("size", entry('x', "h", pax("size=5")), entry('0', "a", "x"));
    assertRefused("damaged", entry('x', "h", "999 path=x\n"), entry('0', "a", "x"));
    assertRefused("damaged", entry('x', "h", "path"), entry('0', "a", "x"));
  }

  @Test
  void aNameThatIsThereTwiceMustBeRefused() {
    assertRefused("two files are named", entry('0', "a", "1"), entry('0', "/a", "2"));
  }

  @Test
  void moreThanTheLimitsMustBeRefused() {
    assertRefused("more than 5 files", many(6));
    assertRefused("3 folders deep", entry('0', "a/b/c/d/e", ""));
    assertRefused(
        "more than 10000 bytes",
        entry('0', "a", "x".repeat(9_000)),
        entry('0', "b", "x".repeat(1_001)));
    assertRefused("at most 100000", new byte[100_001]);
  }

  @Test
  void aBombMustEndAtTheLimitWithoutBeingUnpacked() throws IOException {
    byte[] folders = entry('5', "f/", "");
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      for (int i = 0; i < 10_000; i++) {
        gzip.write(folders);
      }
    }
    assertTrue(bomb.size() < SMALL.packed());
    assertRefused("more than a bundle may have", bomb.toByteArray());

    ByteArrayOutputStream large = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(large)) {
      gzip.write(header('0', "large", 077777777777L));
      gzip.write(new byte[1 << 20]);
    }
    assertRefused("more than 10000 bytes", large.toByteArray());
  }

  @Test
  void aCutOrDamagedArchiveMustBeRefused() {
    byte[] archive = gzip(entry('0', "a", "x".repeat(5_000)));
    assertRefused("no gzip tar", Arrays.copyOf(archive, archive.length / 2));
    assertRefused("no gzip tar", "not gzip".getBytes(UTF_8));
    assertRefused("cut off", gzip(Arrays.copyOf(entry('0', "a", "x".repeat(5_000)), 1_024)));
    assertRefused("cut off", gzip(Arrays.copyOf(entry('0', "a", "x".repeat(1_024)), 1_024)));
    assertRefused("cut off", gzip(entry('0', "a", ""), Arrays.copyOf(entry('0', "b", ""), 100)));
    byte[] damaged = entry('0', "a", "x");
    damaged[0] = 'b';
    assertRefused("wrong checksum", damaged);
  }

  @Test
  void aFolderMustBeReadAsItsArchiveAndItsLinksRefused() throws Exception {
    Files.createDirectories(directory.resolve("interdict"));
    Files.writeString(directory.resolve("interdict/data.json"), "{}");
    assertEquals(
        "[interdict/data.json]", BundleArchive.readFolder(directory, SMALL).keySet().toString());

    Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc/hostname"));
    BundleException refused =
        assertThrows(BundleException.class, () -> BundleArchive.readFolder(directory, SMALL));
    assertTrue(refused.getMessage().contains("no plain file"), refused.getMessage());
  }

  /** What was not looked at would be missing in the bundle. */
  @Test
  void aFolderWithMoreThanIsLookedAtMustBeRefused() throws Exception {
    Path deep = Files.createDirectories(directory.resolve("1/2/3/4/5/6"));
    Files.writeString(deep.resolve("data.json"), "{}");
    refusedFolder("folders deep");
    Path flat = Files.createDirectories(directory.resolve("1/2/3/4").resolveSibling("x"));
    Files.delete(deep.resolve("data.json"));
    for (int i = 0; i < 2 * SMALL.files(); i++) {
      Files.createDirectory(flat.resolve("d" + i));
    }
    refusedFolder("more than 10 files and folders");
  }

  private void refusedFolder(String why) {
    BundleException refused =
        assertThrows(BundleException.class, () -> BundleArchive.readFolder(directory, SMALL));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  private static void assertRefused(String why, byte[]... entries) {
    boolean raw =
        entries.length == 1 && (entries[0].length % 512 != 0 || why.startsWith("no gzip"));
    byte[] archive = raw ? entries[0] : gzip(entries);
    BundleException refused =
        assertThrows(BundleException.class, () -> BundleArchive.unpack(archive, SMALL));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  private static byte[] gzip(byte[]... entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      for (byte[] entry : entries) {
        gzip.write(entry);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return bytes.toByteArray();
  }

  private static byte[][] many(int files) {
    byte[][] entries = new byte[files][];
    for (int i = 0; i < files; i++) {
      entries[i] = entry('0', "f" + i, "");
    }
    return entries;
  }

  private static String pax(String record) {
    return (record.length() + 4) + " " + record + "\n";
  }

  private static byte[] entry(char type, String name, String content) {
    byte[] bytes = content.getBytes(UTF_8);
    byte[] entry =
        Arrays.copyOf(header(type, name, bytes.length), 512 + (bytes.length + 511) / 512 * 512);
    System.arraycopy(bytes, 0, entry, 512, bytes.length);
    return entry;
  }

  private static byte[] header(char type, String name, long size) {
    byte[] header = new byte[512];
    Map.of(
            0,
            name,
            124,
            "%011o".formatted(size),
            148,
            "        ",
            156,
            String.valueOf(type),
            257,
            "ustar\00000")
        .forEach(
            (at, text) -> System.arraycopy(text.getBytes(UTF_8), 0, header, at, text.length()));
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    byte[] digits = "%06o".formatted(sum).getBytes(UTF_8);
    System.arraycopy(digits, 0, header, 148, digits.length);
    header[154] = 0;
    return header;
  }
}
