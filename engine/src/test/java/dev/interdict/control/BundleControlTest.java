package dev.interdict.control;

import static dev.interdict.testkit.TinyBuilder.folder;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.control.BundleControl.Delivery;
import dev.interdict.event.Hook;
import dev.interdict.event.SlotSet;
import dev.interdict.policy.Policy.Mode;
import dev.interdict.testkit.DigestBuilder;
import dev.interdict.testkit.FakeEnforcement;
import dev.interdict.testkit.TinyBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleControlTest {
  @TempDir Path directory;
  private final FakeEnforcement kernel = new FakeEnforcement();
  private PolicyControl control;
  private BundleControl bundles;

  @BeforeEach
  void start() {
    restart(new TinyBuilder());
  }

  @Test
  void aBundleMustComeAsOneChangeAndTakeAwayWhatItNoLongerHas() {
    control.apply(folder("name=hand"), null, false, null);
    long generation = control.generation();

    assertTrue(activate("fleet", 1, "name=a", "name=b\nmode=enforce"));

    assertEquals(generation + 1, control.generation());
    assertEquals(List.of("a", "b", "hand"), names());
    assertTrue(activate("fleet", 2, "name=b\nmode=enforce", "name=c"));
    assertEquals(List.of("b", "c", "hand"), names());
    assertEquals(2, bundles.delivered().get("fleet").policies());
    assertEquals("", control.get("hand").policy().bundle());
    assertEquals("fleet", control.get("b").policy().bundle());
  }

  @Test
  void theSameBundleAgainMustChangeNothing() {
    activate("fleet", 1, "name=a");
    ActiveSet before = kernel.set;

    assertFalse(activate("fleet", 1, "name=a"));

    assertSame(before, kernel.set);
    bundles.allowOlder("fleet");
    List<History.Entry> told = control.history().entries(null, 10);
    assertEquals(2, told.size());
    assertEquals("bundle fleet", told.getFirst().origin().by());
    assertEquals("fleet", told.getFirst().changes().getFirst().bundle());
    assertEquals(List.of(Change.allowOlder("fleet")), told.getLast().changes());
  }

  @Test
  void anOperatorsModeMustOutliveTheNextBundle() {
    activate("fleet", 1, "name=a");
    control.setPolicyMode("a", Mode.ENFORCE, null);

    activate("fleet", 2, "name=a\ncode=2");

    assertEquals(Mode.ENFORCE, control.get("a").policy().mode().effective());
  }

  @Test
  void oneWrongPolicyMustKeepTheWholeBundleOutAndSayWhichItIs() {
    activate("fleet", 1, "name=a");
    ActiveSet before = kernel.set;

    InvalidPolicyException refused =
        assertThrows(
            InvalidPolicyException.class,
            () -> bundles.activate("fleet", delivery(2, "a", "name=a\ncode=2", "b", "no name")));

    assertTrue(refused.getMessage().contains("b/policy.yaml:1:3"), refused.getMessage());
    assertSame(before, kernel.set);
    assertEquals(1, bundles.delivered().get("fleet").mark().serial());
    refused =
        assertThrows(
            InvalidPolicyException.class,
            () -> bundles.activate("fleet", delivery(2, "x", "name=y")));
    assertTrue(refused.getMessage().contains("calls itself y"), refused.getMessage());
  }

  @Test
  void aHostThatCannotDoOnePolicyMustRefuseTheBundle() {
    activate("fleet", 1, "name=a");
    kernel.missing.add(Hook.EXEC);
    ActiveSet before = kernel.set;

    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> activate("fleet", 2, "name=b", "name=c\nhooks=exec"));

    assertTrue(refused.getMessage().startsWith("policy c, hook exec: "), refused.getMessage());
    assertSame(before, kernel.set);
  }

  @Test
  void aNameThatBelongsToSomebodyElseMustBeRefusedBothWays() {
    control.apply(folder("name=hand"), null, false, null);
    activate("fleet", 1, "name=a");

    assertRefused("applied by hand", () -> activate("fleet", 2, "name=hand"));
    assertRefused("the bundle fleet has one", () -> activate("other", 1, "name=a"));
    assertRefused(
        "comes from the bundle fleet",
        () -> control.apply(folder("name=a\ncode=2"), null, false, null));
    assertRefused("interdict bundle drop fleet", () -> control.delete("a"));
    assertEquals(List.of("a", "hand"), names());
  }

  @Test
  void whatTheKernelOrTheDiskRefusesMustLeaveTheBundleBefore() throws IOException {
    activate("fleet", 1, "name=a");
    kernel.refuseUse = "no room";
    assertThrows(EnforcementException.class, () -> activate("fleet", 2, "name=b"));
    assertEquals(List.of("a"), names());

    Files.createDirectory(directory.resolve("state.json.new"));
    assertThrows(StoreException.class, () -> activate("fleet", 2, "name=b"));
    assertEquals(List.of("a"), names());
    assertEquals("a", kernel.set.policies().getFirst().policy().name());
    assertEquals(1, bundles.delivered().get("fleet").mark().serial());
  }

  @Test
  void anOlderBundleMustBeRefusedAfterARestartToo() {
    activate("fleet", 7, "name=a");

    for (int start = 0; start < 2; start++) {
      assertRefused("serial is 6, and the one before had 7", () -> activate("fleet", 6, "name=b"));
      assertRefused("it has no serial", () -> activate("fleet", -1, "name=b"));
      assertRefused("and other content", () -> activate("fleet", 7, "name=b"));
      assertFalse(activate("fleet", 7, "name=a"));
      restart(new TinyBuilder());
    }
    assertEquals(List.of("a"), names());
    assertEquals("fleet", control.get("a").policy().bundle());
  }

  @Test
  void anOperatorMustBeAbleToGoBackOnce() {
    activate("fleet", 7, "name=a");

    bundles.allowOlder("fleet");
    restart(new TinyBuilder());
    assertTrue(activate("fleet", 3, "name=b"));

    assertEquals(3, bundles.delivered().get("fleet").mark().serial());
    assertRefused("the one before had 3", () -> activate("fleet", 2, "name=c"));
    assertRefused("has brought nothing", () -> bundles.allowOlder("unknown"));
  }

  @Test
  void aBundleWithoutSerialsMustBeReplacedByAny() {
    activate("fleet", -1, "name=a");
    assertTrue(activate("fleet", -1, "name=b"));
    assertTrue(activate("fleet", 1, "name=c"));
  }

  @Test
  void droppingASourceMustTakeAwayItsPoliciesAndNothingElse() {
    control.apply(folder("name=hand"), null, false, null);
    activate("fleet", 7, "name=a", "name=b");
    activate("other", 1, "name=c");

    assertEquals(2, bundles.drop("fleet"));

    assertEquals(List.of("c", "hand"), names());
    assertEquals(Set.of("other"), bundles.delivered().keySet());
    assertTrue(activate("fleet", 1, "name=a")); // forgotten: nothing is older
    assertRefused("has brought nothing", () -> bundles.drop("unknown"));
  }

  @Test
  void otherDataOfOnePolicyMustLeaveTheVerdictsOfTheOthers() {
    restart(new DigestBuilder());
    bundles.activate("fleet", withData(1, "[\"/a\"]"));
    int one = slot("one");
    int two = slot("two");
    kernel.forgotten.clear();

    bundles.activate("fleet", withData(2, "[\"/a\",\"/b\"]"));

    assertEquals(one, slot("one")); // FakeEnforcement: verdicts stay with slot and digest
    assertNotEquals(two, slot("two"));
    assertEquals(List.of(slot("two")), kernel.forgotten);
  }

  @Test
  void whatComesCompiledMustReachTheBuilder() {
    Map<String, byte[]> seen = new TreeMap<>();
    restart(
        new TinyBuilder() {
          @Override
          public Built build(SortedMap<String, byte[]> sources, byte[] artefact) {
            Built built = super.build(sources, artefact);
            if (artefact != null) {
              seen.put(built.policy().name(), artefact);
            }
            return built;
          }
        });
    Delivery plain = delivery(1, "a", "name=a", "b", "name=b");
    byte[] compiled = {1, 2};

    bundles.activate(
        "fleet", new Delivery("r", 1, "d", plain.policies(), new TreeMap<>(Map.of("b", compiled))));

    assertEquals(Set.of("b"), seen.keySet());
    assertSame(compiled, seen.get("b"));
  }

  /** Nobody is there who could put it right. */
  @Test
  void aBundleThatWouldLockAnOperatorOutMustBeRefusedUnlessItsSourceMay() {
    kernel.lockouts = List.of("PID 1 starts sshd (\"no\")");
    activate("fleet", 1, "name=a");
    assertRefused(
        "--accept-lockout a", () -> activate("fleet", 2, "name=a\nmode=enforce", "name=b"));
    assertEquals(List.of("a"), names());
    Delivery next = delivery(2, "a", "name=a\nmode=enforce");
    assertRefused("PID 1", () -> bundles.activate("fleet", next, Set.of("b")));
    assertTrue(bundles.activate("fleet", next, Set.of("a")));
    assertEquals(1, kernel.refusing().size());
    assertEquals(
        "lockout accepted: r2", control.history().entries("a", 1).getFirst().origin().why());
  }

  /** Nobody has asked then what would begin to refuse. */
  @Test
  void aSwitchBeforeABundleIsInForceMustNotLetItRefuseUnasked() {
    activate("fleet", 1, "name=a");
    kernel.judging =
        () -> {
          kernel.judging = () -> {};
          control.setPolicyMode("a", Mode.ENFORCE, null, Set.of("a"));
        };
    assertRefused(
        "meanwhile", () -> activate("fleet", 2, "name=a\ncode=2", "name=b\nmode=enforce"));
    assertEquals(List.of("a"), names());
  }

  /** A list that comes each hour is nobody's word that the rules are right now; other rules are. */
  @Test
  void otherDataMustNotArmAPolicyThatTheKernelHasDisarmed() {
    activate("fleet", 1, "name=a\nmode=enforce", "name=b\nmode=enforce");
    kernel.tripped = SlotSet.of(slot("a"));
    activate("fleet", 2, "name=a\nmode=enforce\ncode=2", "name=b\nmode=enforce\ncode=2");
    assertEquals(SlotSet.of(slot("a")), kernel.tripped.and(kernel.asked()));
    activate("fleet", 3, "name=a\nmode=enforce\nrules=2", "name=b\nmode=enforce");
    assertEquals(SlotSet.NONE, kernel.tripped.and(kernel.asked()));
  }

  /** The same bundle comes again with each poll. */
  @Test
  void whoIsDisarmedAndOutOfForceMustNotBeArmedByTheSameBundle() {
    activate("fleet", 1, "name=a\nmode=enforce", "name=b\nhooks=exec");
    kernel.tripped = SlotSet.of(slot("a"));
    control.look();
    kernel.missing.add(Hook.FILE_OPEN);
    restart(new TinyBuilder());
    kernel.missing.clear();
    kernel.tripped = SlotSet.NONE;
    activate("fleet", 1, "name=a\nmode=enforce", "name=b\nhooks=exec");
    assertEquals(SlotSet.of(slot("a")), kernel.tripped.and(kernel.asked()));
  }

  private static Delivery withData(long serial, String trusted) {
    SortedMap<String, SortedMap<String, byte[]>> policies = new TreeMap<>();
    for (String name : List.of("one", "two")) {
      SortedMap<String, byte[]> sources = new TreeMap<>();
      sources.put(
          "policy.yaml",
          bytes(
              "apiVersion: interdict.dev/v1\nkind: Policy\nmetadata: {name: "
                  + name
                  + "}\nspec:\n  hooks: [file_open]\n  rules:\n"
                  + "    - deny: {file.path: {in: {data: paths}}}\n      reason: no\n"));
      String paths = name.equals("two") ? trusted : "[\"/etc/shadow\"]";
      sources.put("data.json", bytes("{\"paths\":" + paths + "}"));
      policies.put(name, sources);
    }
    return new Delivery("r" + serial, serial, "d" + serial, policies, new TreeMap<>());
  }

  private void restart(PolicyBuilder builder) {
    control = new PolicyControl(builder, kernel, new StateStore(directory), Clock.systemUTC());
    bundles = control.bundles();
    kernel.set = ActiveSet.EMPTY;
    control.restore();
  }

  private boolean activate(String source, long serial, String... policies) {
    String[] named = new String[policies.length * 2];
    for (int i = 0; i < policies.length; i++) {
      named[2 * i] = policies[i].replaceFirst("(?s)name=(\\w+).*", "$1");
      named[2 * i + 1] = policies[i];
    }
    return bundles.activate(source, delivery(serial, named));
  }

  private static Delivery delivery(long serial, String... namesAndYaml) {
    SortedMap<String, SortedMap<String, byte[]>> policies = new TreeMap<>();
    for (int i = 0; i + 1 < namesAndYaml.length; i += 2) {
      policies.put(namesAndYaml[i], folder(namesAndYaml[i + 1]));
    }
    return new Delivery(
        "r" + serial, serial, String.join(";", namesAndYaml), policies, new TreeMap<>());
  }

  private int slot(String name) {
    return control.get(name).policy().slot();
  }

  private List<String> names() {
    return control.list().stream().map(PolicyStatus::name).toList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void assertRefused(String why, Runnable change) {
    RefusedException refused = assertThrows(RefusedException.class, change::run);
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }
}
