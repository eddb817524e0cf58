package dev.interdict.cli;

import dev.interdict.bundle.Algorithm;
import dev.interdict.bundle.BundleBuilder;
import dev.interdict.bundle.BundleException;
import dev.interdict.bundle.Keys;
import dev.interdict.bundle.Signer;
import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicyParser;
import dev.interdict.policy.PolicySource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict policy build}. */
@Command(
    name = "build",
    mixinStandardHelpOptions = true,
    description = {
      "Make an OPA bundle of policies, for engines that fetch it.",
      "Each policy is checked and compiled first; equal policies give equal bytes.",
      "A signed bundle carries what was compiled, so that hosts need not compile it again."
    },
    footer = {
      "",
      "Example:",
      "  interdict policy build -o fleet.tar.gz --serial 7 --signing-key key.pem policies/*"
    })
final class PolicyBuildCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "PATH", arity = "1..*", description = "Policy folders or YAML files.")
  List<Path> paths;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      defaultValue = "bundle.tar.gz",
      description = "Where to write it (default: ${DEFAULT-VALUE}).")
  Path output;

  @Option(
      names = "--revision",
      paramLabel = "TEXT",
      description = "What to call it in status (default: by its content).")
  String revision;

  @Option(
      names = "--serial",
      paramLabel = "N",
      description =
          "Must rise with each bundle of a source: engines refuse an older one (default: none).")
  Long serial;

  @ArgGroup(exclusive = false)
  Signing signing;

  /** Who signs. */
  static final class Signing {
    @Option(
        names = "--signing-key",
        required = true,
        paramLabel = "FILE",
        description = "Sign with this key: PEM (PKCS#8), or a secret for HS256.")
    Path key;

    @Option(
        names = "--signing-alg",
        defaultValue = "RS256",
        description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    Algorithm algorithm = Algorithm.RS256;

    @Option(
        names = "--signing-key-id",
        paramLabel = "ID",
        defaultValue = "default",
        description = "The key's name in the engines' configuration (default: ${DEFAULT-VALUE}).")
    String keyId = "default";

    @Option(
        names = "--scope",
        paramLabel = "TEXT",
        defaultValue = "",
        description = "What the engines' configuration must ask for (default: nothing).")
    String scope = "";
  }

  @Override
  public Integer call() {
    if (serial != null && serial < 0) {
      throw new CommandLine.ParameterException(spec.commandLine(), "--serial must be 0 or more");
    }
    BundleBuilder builder = new BundleBuilder();
    try {
      Signer signer = signing == null ? null : signer(signing);
      for (Path path : paths) {
        add(builder, path);
      }
      byte[] archive = builder.build(revision, serial == null ? -1 : serial, signer);
      write(archive);
      tell(archive.length);
      return ExitCode.OK;
    } catch (BundleException e) {
      throw new Failure(ExitCode.REFUSED, Text.line(e.getMessage()), "nothing was written");
    }
  }

  private void add(BundleBuilder builder, Path path) throws BundleException {
    LocalPolicy local = new LocalPolicy();
    local.spec = spec;
    local.path = path;
    PolicySource source = local.read();
    ParsedPolicy parsed = local.parse(source);
    local.policy(parsed);
    Compilation compilation = local.compile(parsed, parsed.tests());
    List<Diagnostic> found = parsed.sourceMap().map(compilation.diagnostics());
    local.print(found, source);
    if (!compilation.succeeded()) {
      throw new Failure(ExitCode.INVALID_POLICY, LocalPolicy.count(found), null);
    }
    PolicySource shipped = builder.add(source, parsed.policy());
    if (signing != null) { // hosts take it from nobody else
      ParsedPolicy asShipped = PolicyParser.parse(shipped);
      Compilation compiled = local.compile(asShipped, Map.of());
      builder.addCompiled(parsed.policy().name(), CompiledPolicyFile.toBytes(compiled.compiled()));
    }
  }

  private static Signer signer(Signing signing) throws BundleException {
    try {
      // An editor's newline at the end is no part of a secret, here and in the engine.
      String text = Files.readString(signing.key).stripTrailing();
      return new Signer(
          signing.algorithm, Keys.signing(text, signing.algorithm), signing.keyId, signing.scope);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot read the key "
              + Text.word(signing.key.toString())
              + ": "
              + Text.line(FileTrouble.why(e)),
          null);
    } catch (BundleException e) {
      throw new BundleException(signing.key + ": " + e.getMessage(), e);
    }
  }

  /** As a whole, since an engine may be reading the file that is there. */
  private void write(byte[] archive) {
    Path fresh = output.resolveSibling(output.getFileName() + ".new");
    try {
      Files.write(fresh, archive);
      Files.move(fresh, output, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot write " + Text.word(output.toString()) + ": " + Text.line(FileTrouble.why(e)),
          null);
    }
  }

  private void tell(int bytes) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s: %d %s, %d bytes, %s%n",
        Text.word(output.toString()),
        paths.size(),
        paths.size() == 1 ? "policy" : "policies",
        bytes,
        signing == null
            ? "not signed"
            : "signed with " + signing.algorithm + " as " + Text.word(signing.keyId));
    if (serial == null) {
      out.println(
          "no serial: engines take an older bundle in its place; number them with --serial");
    }
    out.flush();
  }
}
