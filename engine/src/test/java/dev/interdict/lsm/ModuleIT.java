package dev.interdict.lsm;

import dev.interdict.event.Hook;
import dev.interdict.lsm.Trial.Who;
import java.util.EnumSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
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
