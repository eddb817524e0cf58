package dev.interdict.lsm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.interdict.event.Hook;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a name means: which file, whose name, and what if it cannot be told. */
@Tag("lsm")
class NamesIT {
  private static final int USER = 2000;
  private static final int ROTATIONS = 20;

  private final Host host = Host.get();

  /** Not after a look of the engine's: its first open comes from the same process. */
  @Test
  void aFileThatTakesTheNameMustBeRefusedUnderItsOtherNamesAtOnce() {
    Path secret = Guest.FILES.resolve("secret");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < ROTATIONS; i++) {
      lines.add("replace " + secret);
      lines.add(Attack.in(Host.covered("rotated"), USER, "open -a userdir " + secret));
    }
    List<String> results = results(lines);
    assertEquals(ROTATIONS, results.stream().filter("EPERM"::equals).count(), results::toString);
  }

  @Test
  void aTrustListMustHoldForAProgramThatItNamesByALink() {
    Path keys = Guest.FILES.resolve("keys");
    String open = " open " + keys;
    assertEquals(
        List.of("ok", "EPERM"),
        results(
            List.of(
                Attack.in(Host.covered("reader"), USER, "run /trial/files/tool" + open),
                Attack.in(Host.covered("reader"), USER, "run " + Attack.TOOL + open))));
  }

  /** From then on it could arrange what its program is called. */
  @Test
  void aProgramThatIsKnownByALinkMustBeSoNoMoreInANamespaceOfItsOwn() {
    host.apply("trial-reader");
    try {
      assertEquals(
          List.of("ok", "EPERM", "ok"),
          results(
              Stream.of("child", "namespaced", "child")
                  .map(c -> Attack.in(Host.covered("reader"), USER, connects(c)))
                  .toList()));
    } finally {
      host.delete("trial-reader");
    }
  }

  private static String connects(String kind) {
    return "run /trial/files/tool net -d udp-connect -c " + kind + " 127.0.0.5 7777 127.0.0.4";
  }

  /**
   * In an overlay, which forgets names and opens a second file in each open: an open with O_CREAT
   * asks before it has looked whether the file is there, one with O_EXCL must not find its own, and
   * a list of what is allowed means what the caller has named.
   */
  @Test
  void anOverlayMustBeAsOtherFileSystemsAre() {
    Path over = Guest.directory(Path.of("/trial/over"));
    Guest.run("mount", "-t", "tmpfs", "none", over.toString());
    try {
      for (String folder : List.of("upper", "work", "merged")) {
        Guest.directory(over.resolve(folder));
      }
      Guest.file(over.resolve("lower/there"), "content\n");
      Guest.file(over.resolve("lower/listed"), "content\n");
      Guest.directory(over.resolve("lower/free"));
      String layers = "lowerdir=%1$s/lower,upperdir=%1$s/upper,workdir=%1$s/work".formatted(over);
      Path merged = over.resolve("merged");
      host.apply("trial-created");
      Guest.run("mount", "-t", "overlay", "-o", layers, "none", merged.toString());
      try {
        overlaid(merged);
      } finally {
        Guest.run("umount", merged.toString());
        host.delete("trial-created");
      }
    } finally {
      Guest.run("umount", over.toString());
    }
  }

  private void overlaid(Path merged) {
    String there = Host.covered("created");
    String made = Host.covered("created");
    Guest.write(Path.of("/proc/sys/vm/drop_caches"), "2");
    String open = "open -d create " + merged;
    assertEquals(
        List.of("ok", "EPERM", "ok"),
        results(
            List.of(
                Attack.in(there, open + "/there"),
                Attack.in(made, open + "/new"),
                Attack.in(there, USER, "open " + merged + "/listed"))));
    host.settle();
    assertEquals(List.of(), host.decisions().of(there, Hook.FILE_OPEN));
    assertEquals(1, host.decisions().of(made, Hook.FILE_OPEN).size());
    Answer exclusive = Attack.run(Attack.in(there, "exclusive -p 1 -n 20 " + merged + "/free"));
    assertEquals(20, exclusive.number("once"), exclusive::toString);
    assertEquals(List.of(), host.decisions().of(there, Hook.FILE_OPEN));
  }

  /** By default a policy that reads paths refuses what has none; trial-files says otherwise. */
  @Test
  void aPathThatCannotBeToldMustBeRefusedUnlessThePolicyJudgesWithout() {
    Guest.cgroup("/closed/names");
    host.admin().apply("trial-closed");
    try {
      for (String alias : List.of("deeper", "long")) {
        String open = "open -a " + alias + " " + Guest.FILES.resolve("twin");
        assertEquals(
            List.of("ok", "EPERM"),
            results(
                List.of(
                    Attack.in(Host.covered("unknown"), open), Attack.in("/closed/names", open))),
            alias);
      }
    } finally {
      host.admin().delete("trial-closed");
    }
  }

  /** Of two names in one record neither may be lost with the other. */
  @Test
  void aPathOfOneByteTooManyMustNotBeEmptyAndKnown() {
    Path twin = Guest.FILES.resolve("twin");
    Path folder = Guest.directory(Guest.FILES.resolve("below/lengths"));
    Path below = folder.resolve("file");
    Path forbidden = Guest.FILES.resolve("forbidden-length");
    Guest.file(below, "content\n");
    Guest.file(forbidden, "content\n");
    Guest.cgroup("/closed/lengths");
    host.admin().apply("trial-closed");
    try {
      for (int bytes : List.of(4095, 4096, 4097)) {
        boolean told = bytes <= 4095;
        String open = "open -a " + bytes + " ";
        String by = "run -a " + bytes + " " + Attack.TOOL + " open ";
        assertEquals(
            List.of(told ? "ok" : "EPERM", told ? "EPERM" : "ok", "ok", "EPERM"),
            results(
                List.of(
                    Attack.in("/closed/lengths", open + twin),
                    Attack.in(Host.covered("lengths"), open + below),
                    Attack.in(Host.covered("lengths"), by + twin),
                    Attack.in(Host.covered("lengths"), by + forbidden))),
            () -> bytes + " bytes");
      }
    } finally {
      host.admin().delete("trial-closed");
      // Also what the tool had to leave, since it may open no folder there.
      Guest.run("rm", "-rf", folder.toString(), forbidden.toString());
    }
  }

  /** A user's own link in his own folder, to what everybody needs. */
  @Test
  void aLinkInAUsersFolderMustNotTurnARuleAgainstTheHost() {
    Path home = Guest.directory(Path.of("/trial/home"));
    Guest.run("chown", "-R", USER + ":" + USER, home.toString());
    Path netrc = home.resolve("netrc");
    Path twin = Guest.FILES.resolve("twin");
    results(List.of("-u " + USER + " run ln -sf " + twin + " " + netrc));
    Guest.cgroup("/closed/names");
    host.admin().apply("trial-closed");
    try {
      assertEquals(
          List.of("ok"), results(List.of(Attack.in("/closed/names", USER, "open " + twin))));
    } finally {
      host.admin().delete("trial-closed");
    }
  }

  private static List<String> results(List<String> lines) {
    return Attack.batch(lines).stream().map(Answer::result).filter(r -> !r.equals("none")).toList();
  }
}
