package dev.interdict.event;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.libbpf.BpfObject;
import dev.interdict.libbpf.Btf;
import dev.interdict.testkit.TestObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The headers and the Java twins agree, and a difference is named. */
class EventLayoutsTest {

  @Test
  void everyStructureAndEnumOfTheHeadersHasItsTwin() throws IOException {
    assertDoesNotThrow(() -> EventLayouts.check(btf("")));
  }

  @Test
  void sizesAreTheHeaders() throws IOException {
    assertEquals(120, EventLayouts.VERDICT_KEY.size());
    assertEquals(0, EventLayouts.VERDICT.size() % 8);
    String limits = Files.readString(Path.of("../bpf/include/interdict/limits.h"));
    assertTrue(limits.contains("#define WIRE_VERSION " + EventLayouts.WIRE_VERSION + "\n"));
    assertTrue(limits.contains("#define PATH_BYTES " + EventLayouts.PATH_BYTES + "\n"));
  }

  @Test
  void anotherFieldSizeAndOrderAreNamedWithBothNumbers() throws IOException {
    List<String> differences = differences("s/__u64 exe_inode;/__u32 exe_inode; __u32 hole;/");
    assertTrue(
        differences.contains(
            "verdict_key.exe_inode: 8 bytes at 32 expected, the object has 4 bytes at 32"),
        differences.toString());
    assertTrue(
        differences.contains("verdict_key.hole: none expected, the object has 4 bytes at 36"),
        differences.toString());
    assertEquals(2, differences.size(), differences.toString());
  }

  @Test
  void anotherEnumValueIsNamed() throws IOException {
    assertEquals(
        List.of("HOOK_EXEC: 1 expected, the object has 9"),
        differences("s/HOOK_EXEC = 1/HOOK_EXEC = 9/"));
  }

  @Test
  void aStructureWithoutATwinIsNamed() throws IOException {
    assertEquals(
        List.of("struct extra of the object has no Java twin"),
        differences(
            "s/^struct layout {/struct extra { long a; }; struct layout { struct extra extra;/"));
  }

  private static List<String> differences(String edit) throws IOException {
    Btf btf = btf(edit);
    return assertThrows(LayoutException.class, () -> EventLayouts.check(btf)).differences();
  }

  /** The BTF of layout.bpf.c with both headers, changed by a sed script. */
  private static Btf btf(String edit) throws IOException {
    String source =
        "#include <linux/types.h>\n"
            + read("include/interdict/limits.h")
            + read("include/interdict/verdict.h")
            + read("include/interdict/event.h")
            + read("src/layout.bpf.c");
    Path file = Files.createTempFile("layout", ".bpf.c");
    try {
      Files.writeString(file, source.replaceAll("#include <interdict/.*>", ""));
      dev.interdict.testkit.Shell.run("sed", "-i", edit, file.toString());
      try (BpfObject object = BpfObject.open("layout", TestObject.compile(file))) {
        return object.btf();
      }
    } finally {
      Files.delete(file);
    }
  }

  private static String read(String name) throws IOException {
    return Files.readString(Path.of("../bpf", name), StandardCharsets.UTF_8) + "\n";
  }
}
