package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every way that the attack tool knows to have the kernel load something. */
@Tag("lsm")
class ModuleIT {
  private static final String POLICY = "trial-module";

  @BeforeAll
  static void apply() {
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  /** By path: the kernel reads it, and finds that it is no module and no kernel. */
  @TestFactory
  Stream<DynamicTest> loadingAForbiddenFileMustBeRefusedByEveryDoor() {
    return trials("file", Attack.VICTIM.toString(), Attack.TOOL.toString(), null, "EPERM", "%s");
  }

  /** The twin is too little to be looked at. */
  @TestFactory
  Stream<DynamicTest> loadingWhatIsNoFileMustBeRefusedByEveryDoor() {
    return trials("memory", "some", "none", null, "EPERM", "");
  }

  /** The caller is told what he would be if there were no such module. */
  @TestFactory
  Stream<DynamicTest> askingForAForbiddenModuleMustBeRefusedByEveryDoor() {
    return trials("request", "squashfs", "erofs", "unload %s", "ENODEV", "fs-%s");
  }

  /**
   * Who loads what another one is loading may be told that one's result: never the number that
   * sends a call round. Where a kernel lets both wait, there may be too many, and the fallback
   * answers.
   */
  @RepeatedTest(3)
  void whoLoadsAFileThatIsBeingLoadedMustBeAnswered() {
    String command = "module -d finit-at-once " + Attack.VICTIM;
    Answer answer = Attack.run(Attack.in(Host.covered("at-once"), command));
    assertTrue(List.of("EPERM", "ok").contains(answer.result()), answer::toString);
  }

  /** A word that a kernel does not have is nobody's business, without a sound. */
  @Test
  void theKernelMustHaveTheWordsForWhatItLoads() throws IOException {
    byte[] types = Files.readAllBytes(Path.of("/sys/kernel/btf/vmlinux"));
    String names = new String(types, StandardCharsets.ISO_8859_1);
    for (String what : List.of("MODULE", "FIRMWARE", "KEXEC_IMAGE", "KEXEC_INITRAMFS")) {
      assertTrue(names.contains("\0READING_" + what + "\0"), what);
      assertTrue(names.contains("\0LOADING_" + what + "\0"), what);
    }
  }

  private static Stream<DynamicTest> trials(
      String kind, String forbidden, String allowed, String before, String refusal, String shown) {
    return new Trials(
            Attack.list("module").stream()
                .filter(door -> door[2].equals(kind))
                .map(
                    door ->
                        new Trial(
                            "module-" + door[1],
                            "module -d " + door[1] + " %s",
                            before,
                            forbidden,
                            allowed,
                            refusal,
                            Hook.MODULE_LOAD,
                            Pattern.compile(Pattern.quote(shown.formatted(forbidden))),
                            1,
                            EnumSet.of(Who.USER)))
                .toList())
        .tests();
  }
}
