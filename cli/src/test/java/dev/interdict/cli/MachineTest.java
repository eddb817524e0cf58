package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a script in the machine's place. */
@Timeout(120)
final class MachineTest {
  private static final String HOME = "interdict.home";

  /** Runs the command here, with its results where they are to come to. */
  private static final String RUNS =
      """
      while [[ $1 != -- ]]; do [[ $1 != --results ]] || results=$2; shift; done
      shift
      mkdir -p "$results"
      interdict() { eval "$GUEST"; }
      export -f interdict
      exec "${@//\\/run\\/vm\\/results/$results}"
      """;

  @TempDir Path folder;
  private String before;
  private Path run;

  @BeforeEach
  void home() throws IOException {
    before = System.getProperty(HOME);
    run = Files.createDirectories(folder.resolve("bpf/vm")).resolve("run");
    System.setProperty(HOME, folder.toString());
  }

  @AfterEach
  void again() {
    if (before == null) {
      System.clearProperty(HOME);
    } else {
      System.setProperty(HOME, before);
    }
  }

  private void script(String text) throws IOException {
    Files.writeString(run, "#!/bin/bash\n" + text);
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
  }

  private int run() throws Exception {
    try (Machine machine = new Machine("6.12")) {
      return machine.run(Duration.ofSeconds(1), "try");
    }
  }

  /** 1 is what a script ends with that finds no QEMU, and the answer that something was refused. */
  @Test
  void aMachineThatDidNotRunMustNotBeTakenForAnAnswer() throws Exception {
    for (int status : new int[] {1, 2, 3, 125, 127, 137}) {
      script("exit " + status);
      Failure none = assertThrows(Failure.class, this::run);
      assertEquals(ExitCode.REFUSED, none.exitCode());
      assertTrue(none.getMessage().endsWith("its own status is " + status), none.getMessage());
    }
    script("exit 124");
    assertEquals(ExitCode.TIMEOUT, run());
    script("exit 0");
    assertTrue(assertThrows(Failure.class, this::run).getMessage().endsWith("left no status"));
  }

  @Test
  void whatRanInItMustAnswer() throws Exception {
    for (int code = 0; code <= ExitCode.LAST; code++) {
      script("GUEST='return " + code + "'; export GUEST\n" + RUNS);
      assertEquals(code, run());
    }
    for (int code : new int[] {7, 127, 137}) { // such as of one that the guest's kernel has killed
      script("GUEST='return " + code + "'; export GUEST\n" + RUNS);
      Failure none = assertThrows(Failure.class, this::run);
      assertEquals(ExitCode.REFUSED, none.exitCode());
      assertTrue(none.getMessage().endsWith("ended with " + code), none.getMessage());
    }
  }

  @Test
  void aKernelThatIsNoneMustBeSaidBeforeAnythingIsStarted() throws IOException {
    script("touch " + folder.resolve("started"));
    Path policy = Files.write(folder.resolve("demo.yaml"), Demo.yaml("demo-files"));
    Cli refused = Cli.run("try", policy.toString(), "--kernel=5.4", "--", "true");
    assertEquals(ExitCode.USAGE, refused.code());
    assertTrue(refused.err().contains("--kernel 5.4: there are 6.1, 6.12, 7.2"), refused.err());
    assertFalse(Files.exists(folder.resolve("started")));
  }

  /** A policy from somebody else may have a link to everything beside its parts. */
  @Test
  void itMustGetWhatWasReadOfAPolicyAndNothingBesideIt() throws Exception {
    Path seen = folder.resolve("seen");
    script(
        """
        while [[ $1 != -- ]]; do case $2 in *:/root/policy*) cp -aL "${2%%:*}" %s ;; esac; shift; done
        """
            .formatted(seen));
    Path policy = Files.createDirectories(folder.resolve("policy"));
    Files.writeString(policy.resolve("policy.yaml"), "the policy");
    Files.createSymbolicLink(policy.resolve("docs"), folder);
    Files.writeString(policy.resolve("secret"), "no part");
    PolicySource source = PolicySource.read(policy);
    try (Machine machine = new Machine("6.12")) {
      machine.policy(source, true, "/root/policy");
      assertThrows(Failure.class, () -> machine.run(Duration.ofSeconds(1), "try"));
    }
    try (Stream<Path> all = Files.list(seen)) {
      assertEquals(List.of(seen.resolve("policy.yaml")), all.toList());
    }
    PolicySource one = PolicySource.ofYaml("mine.yaml", "mine".getBytes(UTF_8));
    Files.delete(seen.resolve("policy.yaml"));
    Files.delete(seen);
    try (Machine machine = new Machine("6.12")) {
      machine.policy(one, false, "/root/policy.yaml");
      assertThrows(Failure.class, () -> machine.run(Duration.ofSeconds(1), "try"));
    }
    assertEquals("mine", Files.readString(seen));
  }

  /** As SIGTERM to this program leaves it. */
  @Test
  void oneThatNobodyWaitsForMustEndWithAllThatWasMadeForIt() throws Exception {
    Path pid = folder.resolve("pid");
    script(
        "echo $@ > "
            + folder
            + "/args; sleep 1000 & echo $! > "
            + pid
            + ".new; mv "
            + pid
            + ".new "
            + pid
            + "; wait");
    Machine machine = new Machine("6.12");
    CompletableFuture<Integer> ended =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return machine.run(Duration.ofSeconds(1), "try");
              } catch (Exception e) {
                return -1;
              }
            });
    while (!Files.exists(pid)) {
      Thread.sleep(5);
    }
    ProcessHandle inside =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    List<String> words = List.of(Files.readString(folder.resolve("args")).split(" ", -1));
    Path made = Path.of(words.get(words.indexOf("--results") + 1)).getParent();
    assertTrue(Files.isDirectory(made));
    machine.abandon();
    assertEquals(-1, ended.get());
    inside.onExit().get();
    assertFalse(Files.exists(made));
  }

  @Test
  void aTimeoutThatIsNoneMustBeRefused() {
    for (String seconds : new String[] {"0", "-1"}) {
      assertEquals(
          ExitCode.USAGE, Cli.run("try", "/nowhere", "--timeout=" + seconds, "--", "true").code());
    }
  }
}
