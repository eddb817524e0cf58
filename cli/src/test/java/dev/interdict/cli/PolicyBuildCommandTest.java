package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.bundle.Algorithm;
import dev.interdict.bundle.Bundle;
import dev.interdict.bundle.BundleArchive;
import dev.interdict.bundle.BundleException;
import dev.interdict.bundle.Keys;
import dev.interdict.bundle.Limits;
import dev.interdict.bundle.Trust;
import dev.interdict.compile.CompiledPolicy;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.compile.RegoCompiler;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyBuildCommandTest {
  private static final String SECRET = "a secret of the tests, 32 bytes or more";

  @TempDir Path directory;
  private Path policy;
  private Path bundle;

  @BeforeEach
  void write() throws IOException {
    policy = Files.writeString(directory.resolve("p.yaml"), PolicyCommandsTest.VALID);
    bundle = directory.resolve("b.tar.gz");
  }

  @Test
  void aBuiltBundleMustSayWhatItIsAndBeTheSameAgain() throws IOException, BundleException {
    Cli built = build("--revision", "r1");
    byte[] first = Files.readAllBytes(bundle);

    assertEquals(
        """
        %s: 1 policy, %d bytes, not signed
        no serial: engines take an older bundle in its place; number them with --serial
        """
            .formatted(bundle, first.length),
        built.out());
    build("--revision", "r1");
    assertArrayEquals(first, Files.readAllBytes(bundle));
    Bundle read = Bundle.read(BundleArchive.unpack(first, Limits.DEFAULT), Trust.NONE);
    assertEquals("r1", read.revision());
    assertArrayEquals(Files.readAllBytes(policy), read.policies().get("shadow").get("policy.yaml"));
  }

  @Test
  void aSignedBundleMustBeVerifiedByItsKeyAndScope() throws IOException, BundleException {
    Path key = Files.writeString(directory.resolve("key"), SECRET + "\n");
    Cli built =
        build(
            "--serial",
            "7",
            "--signing-key",
            key.toString(),
            "--signing-alg",
            "hs256",
            "--signing-key-id",
            "prod",
            "--scope",
            "write");

    assertTrue(
        built.out().endsWith("bytes, signed with HS256 as prod\n"), built.out() + built.err());
    Trust trust =
        new Trust(
            Map.of(
                "prod",
                new Trust.TrustedKey(Algorithm.HS256, Keys.verifying(SECRET, Algorithm.HS256))),
            "prod",
            "write");
    Bundle read =
        Bundle.read(BundleArchive.unpack(Files.readAllBytes(bundle), Limits.DEFAULT), trust);
    assertEquals("prod", read.signedBy());
    CompiledPolicy compiled = CompiledPolicyFile.fromBytes(read.compiled().get("shadow"));
    PolicySource shipped = new PolicySource("policy.yaml", read.policies().get("shadow"));
    assertEquals(RegoCompiler.digest(PolicyParser.parse(shipped).policy()), compiled.digest());
    Bundle unverified =
        Bundle.read(BundleArchive.unpack(Files.readAllBytes(bundle), Limits.DEFAULT), Trust.NONE);
    assertTrue(unverified.compiled().isEmpty());
    assertEquals(7, read.serial());
  }

  @Test
  void whatCannotBeBuiltMustLeaveTheBundleThatIsThere() throws IOException {
    build();
    byte[] before = Files.readAllBytes(bundle);

    Cli twice =
        Cli.run("policy", "build", "-o", bundle.toString(), policy.toString(), policy.toString());
    assertEquals(ExitCode.REFUSED, twice.code());
    assertTrue(twice.err().contains("two policies are named shadow"), twice.err());
    Path key = Files.writeString(directory.resolve("key"), "short");
    Cli weak = build("--signing-key", key.toString(), "--signing-alg", "HS256");
    assertEquals(ExitCode.REFUSED, weak.code());
    assertTrue(weak.err().contains(key + ": the secret has less than 32 bytes"), weak.err());
    assertEquals(ExitCode.USAGE, build("--serial", "-7").code());
    assertEquals(ExitCode.USAGE, build("--signing-alg", "HS256").code());
    Files.writeString(policy, PolicyCommandsTest.VALID.replace("file_open", "file_opne"));
    Cli wrong = build();
    assertEquals(ExitCode.INVALID_POLICY, wrong.code());
    assertTrue(wrong.err().contains("unknown hook"), wrong.err());

    assertArrayEquals(before, Files.readAllBytes(bundle));
    assertFalse(Files.exists(directory.resolve("b.tar.gz.new")));
  }

  private Cli build(String... options) {
    String[] all = new String[options.length + 5];
    all[0] = "policy";
    all[1] = "build";
    all[2] = "-o";
    all[3] = bundle.toString();
    all[4] = policy.toString();
    System.arraycopy(options, 0, all, 5, options.length);
    return Cli.run(all);
  }
}
