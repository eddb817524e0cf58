package dev.interdict.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.compile.CompiledPolicy;
import dev.interdict.testkit.Events;
import dev.interdict.testkit.RegoToWasm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyModuleTest {
  private static final String REGO =
      "deny contains \"shadow\" if input.file.path == \"/etc/shadow\"";

  @TempDir Path folder;

  private static void refused(CompiledPolicy policy, String... parts) {
    String message =
        assertThrows(InvalidModuleException.class, () -> PolicyModule.load(policy, null))
            .getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private static CompiledPolicy bytes(byte[] wasm) {
    CompiledPolicy tiny = new TinyModule().policy();
    return new CompiledPolicy(
        "tiny", "test", wasm, tiny.data(), tiny.reads(), tiny.literals(), List.of());
  }

  @Test
  void theTinyModuleLoads() throws Exception {
    assertEquals("tiny", PolicyModule.load(new TinyModule().policy(), null).name());
  }

  @Test
  void whatIsNoModuleIsRefused() {
    refused(bytes(new byte[0]), "policy tiny: not a WebAssembly module");
    refused(bytes("no module at all".getBytes(UTF_8)), "not a WebAssembly module");
    byte[] whole = new TinyModule().bytes();
    for (int length = 8; length < whole.length; length += 7) {
      CompiledPolicy cut = bytes(Arrays.copyOf(whole, length));
      assertThrows(InvalidModuleException.class, () -> PolicyModule.load(cut, null));
    }
  }

  @Test
  void anotherAbiIsRefusedWithBothVersions() {
    refused(new TinyModule().version(2, 0).policy(), "version 2.0", "knows 1.1 to 1.3");
    refused(new TinyModule().version(1, 4).policy(), "version 1.4", "knows 1.1 to 1.3");
    refused(new TinyModule().version(1, 0).policy(), "version 1.0");
  }

  @Test
  void anUnknownImportIsRefused() {
    refused(new TinyModule().imports("system").policy(), "imports env.system");
  }

  @Test
  void aMissingExportIsRefused() {
    refused(new TinyModule().without("opa_malloc").policy(), "does not export opa_malloc");
  }

  @Test
  void anUnknownBuiltinIsNamed() {
    refused(
        new TinyModule().wantsBuiltin("http.send").policy(),
        "wants builtins that this engine does not have: http.send");
  }

  @Test
  void aModuleThatLoopsAtItsStartIsRefused() {
    refused(new TinyModule().startLoops().policy(), "cannot be started");
  }

  @Test
  void translatedClassesAreFoundAgain() throws Exception {
    Path cache = folder.resolve("classes");
    CompiledPolicy policy = RegoToWasm.compile("cached", REGO, "{}");
    PolicyModule.translate(policy, cache);
    Map<Path, FileTime> before = files(cache);
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)));
    try (Evaluator evaluator = PolicyModule.load(policy, cache).newEvaluator(HostNames.NONE)) {
      assertEquals(
          List.of("shadow"), evaluator.evaluate(Events.open("/bin/cat", 1, "/etc/shadow")).deny());
    }
    assertEquals(before, files(cache));
  }

  @Test
  void anotherPolicyAddsOnlyWhatIsItsOwn() throws Exception {
    Path cache = folder.resolve("classes");
    PolicyModule.translate(RegoToWasm.compile("one", REGO, "{}"), cache);
    Map<Path, FileTime> before = files(cache);
    String other = REGO.replace("shadow", "gshadow");
    PolicyModule.translate(RegoToWasm.compile("two", other, "{}"), cache);
    Map<Path, FileTime> after = files(cache);
    assertTrue(before.size() > 700, before.size() + " files");
    assertEquals(1, after.size() - before.size());
    after.keySet().retainAll(before.keySet());
    assertEquals(before, after);
  }

  @Test
  void spoiledFilesInTheCacheAreReplaced() throws Exception {
    CompiledPolicy policy = new TinyModule().eval(new byte[] {0x41, 0x2a}).policy();
    PolicyModule.translate(policy, folder.resolve("classes"));
    for (Path file : files(folder.resolve("classes")).keySet()) {
      byte[] good = Files.readAllBytes(file);
      for (int length : new int[] {0, 20, good.length / 2, good.length - 1}) {
        Files.write(file, Arrays.copyOf(good, length));
        PolicyCode again = new ClassCache(folder.resolve("classes")).get(digest(policy));
        if (!SharedCode.LOADER.has(file.getFileName().toString())) {
          assertNull(again, file + " after " + length + " bytes");
        }
        PolicyModule.translate(policy, folder.resolve("classes"));
        if (file.endsWith(digest(policy))) {
          assertArrayEquals(good, Files.readAllBytes(file), file + " after " + length + " bytes");
        }
      }
      byte[] flipped = good.clone();
      flipped[good.length - 1] ^= 1;
      Files.write(file, flipped);
      assertFalse(
          new ClassCache(folder.resolve("classes")).has(file.getFileName().toString()), "a bit");
      Files.write(file, good);
    }
  }

  @Test
  void aCacheThatOthersCanWriteToIsRefused() throws Exception {
    Path cache =
        Files.createDirectory(
            folder.resolve("open"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwx---"));
    IOException e =
        assertThrows(
            IOException.class, () -> PolicyModule.translate(new TinyModule().policy(), cache));
    assertTrue(e.getMessage().contains("0700"), e.getMessage());
  }

  private static String digest(CompiledPolicy policy) {
    return HexFormat.of().formatHex(ClassCache.sha256(policy.wasm()));
  }

  private static Map<Path, FileTime> files(Path folder) throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }
}
