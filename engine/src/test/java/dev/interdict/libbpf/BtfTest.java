package dev.interdict.libbpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.TestObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Opening and parsing need no privilege: nothing here reaches the kernel. */
class BtfTest {

  @Test
  void fieldsHaveTheirPlacesThoseOfAnonymousMembersIncluded() {
    try (BpfObject object = BpfObject.open("probe", TestObject.compile("probe"))) {
      assertEquals(
          new Btf.Struct(
              "outer",
              48,
              List.of(
                  new Btf.Field("first", 0, 1),
                  new Btf.Field("pad", 1, 7),
                  new Btf.Field("inner", 8, 8),
                  new Btf.Field("number", 8, 8),
                  new Btf.Field("list", 16, 24),
                  new Btf.Field("colour", 40, 4),
                  new Btf.Field("last", 44, 4))),
          object.btf().parts("layout").structs().get("outer"));
    }
  }

  @Test
  void enumsHaveTheirValues() {
    try (BpfObject object = BpfObject.open("probe", TestObject.compile("probe"))) {
      Btf.Parts parts = object.btf().parts("layout");
      assertEquals(Map.of("colour", Map.of("RED", 1L, "GREEN", -2L)), parts.enums());
      assertEquals(Set.of("inner", "outer"), parts.structs().keySet());
      assertThrows(BpfException.class, () -> object.btf().parts("none"));
    }
  }

  @Test
  void anObjectTellsWhatItHas() {
    try (BpfObject object = BpfObject.open("probe", TestObject.compile("probe"))) {
      assertEquals(Set.of("to_ring", "refused"), object.programs());
      assertTrue(object.maps().containsAll(Set.of("ring", "table", "per_cpu", "page")));
      assertEquals(MapInfo.HASH, object.declared("table").type());
      assertEquals(8, object.declared("table").maxEntries());
      BpfException e = assertThrows(BpfException.class, () -> object.autoload("none", true));
      assertEquals("cannot find program none: object probe has [to_ring, refused]", e.getMessage());
    }
  }

  @Test
  void whatIsNoObjectIsRefusedWithLibbpfsOwnWords() {
    BpfException e =
        assertThrows(BpfException.class, () -> BpfObject.open("noise", new byte[] {1, 2, 3}));
    assertTrue(e.getMessage().startsWith("cannot open object noise: "), e.getMessage());
    assertTrue(e.getMessage().contains("libbpf: "), e.getMessage());
  }

  @Test
  void brokenBtfIsRefused() {
    assertThrows(BpfException.class, () -> Btf.parse(new byte[24]));
    assertThrows(BpfException.class, () -> Btf.parse(new byte[0]));
  }
}
