package dev.interdict.lsm;

import dev.interdict.event.Hook;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Every way that the attack tool knows to a namespace in which everybody is root. */
@Tag("lsm")
class NamespaceIT {
  private static final String POLICY = "trial-namespace";

  @BeforeAll
  static void apply() {
    Host.get().apply(POLICY);
  }

  @AfterAll
  static void delete() {
    Host.get().delete(POLICY);
  }

  /** The twin is the same call for no namespace. */
  @TestFactory
  Stream<DynamicTest> makingAUserNamespaceMustBeRefusedByEveryDoor() {
    return new Trials(
            Attack.list("namespace").stream()
                .map(
                    door ->
                        new Trial(
                            "namespace-" + door[1],
                            "namespace -d " + door[1] + " %s",
                            null,
                            "user",
                            "none",
                            "EPERM",
                            Hook.USER_NAMESPACE,
                            Pattern.compile(""),
                            1,
                            Set.of()))
                .toList())
        .tests();
  }
}
