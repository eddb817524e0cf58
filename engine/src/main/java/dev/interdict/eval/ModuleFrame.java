package dev.interdict.eval;

import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.CodeSection;
import com.dylibso.chicory.wasm.types.DataCountSection;
import com.dylibso.chicory.wasm.types.DataSection;
import com.dylibso.chicory.wasm.types.ElementSection;
import com.dylibso.chicory.wasm.types.ExportSection;
import com.dylibso.chicory.wasm.types.FunctionBody;
import com.dylibso.chicory.wasm.types.FunctionSection;
import com.dylibso.chicory.wasm.types.GlobalSection;
import com.dylibso.chicory.wasm.types.ImportSection;
import com.dylibso.chicory.wasm.types.MemorySection;
import com.dylibso.chicory.wasm.types.Section;
import com.dylibso.chicory.wasm.types.SectionId;
import com.dylibso.chicory.wasm.types.StartSection;
import com.dylibso.chicory.wasm.types.TableSection;
import com.dylibso.chicory.wasm.types.TagSection;
import com.dylibso.chicory.wasm.types.TypeSection;
import java.io.ByteArrayInputStream;
import java.util.List;

/**
 * All that a module says but for the bodies of its functions: what its translated code needs beside
 * itself. Parsed, the bodies take thirty times the space of the module.
 */
final class ModuleFrame {
  private static final FunctionBody ELSEWHERE = new FunctionBody(List.of(), List.of());

  private ModuleFrame() {}

  /** Of a module that was parsed and checked as a whole when it was translated. */
  static WasmModule of(byte[] bytes) {
    WasmModule.Builder module = WasmModule.builder().withValidation(false);
    Parser.Builder parser = Parser.builder();
    for (int section = SectionId.TYPE; section <= SectionId.TAG; section++) {
      if (section != SectionId.CODE) {
        parser.includeSectionId(section);
      }
    }
    parser.build().parse(new ByteArrayInputStream(bytes), section -> add(module, section));
    return module.build();
  }

  private static void add(WasmModule.Builder module, Section section) {
    switch (section) {
      case TypeSection types -> module.setTypeSection(types);
      case ImportSection imports -> module.setImportSection(imports);
      case FunctionSection functions ->
          module.setFunctionSection(functions).setCodeSection(bodies(functions.functionCount()));
      case TableSection tables -> module.setTableSection(tables);
      case MemorySection memories -> module.setMemorySection(memories);
      case GlobalSection globals -> module.setGlobalSection(globals);
      case ExportSection exports -> module.setExportSection(exports);
      case StartSection start -> module.setStartSection(start);
      case ElementSection elements -> module.setElementSection(elements);
      case DataCountSection count -> module.setDataCountSection(count);
      case DataSection data -> module.setDataSection(data);
      case TagSection tags -> module.setTagSection(tags);
      default -> throw new IllegalStateException("section " + section.sectionId());
    }
  }

  private static CodeSection bodies(int count) {
    CodeSection.Builder bodies = CodeSection.builder();
    for (int i = 0; i < count; i++) {
      bodies.addFunctionBody(ELSEWHERE);
    }
    return bodies.build();
  }
}
