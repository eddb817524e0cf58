package dev.interdict.cli;

import com.google.protobuf.ByteString;
import dev.interdict.compile.Compilation;
import dev.interdict.compile.CompiledPolicyFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.PolicySource;
import dev.interdict.v1.ApplyCandidateRequest;
import dev.interdict.v1.ApplyCandidateResponse;
import dev.interdict.v1.ApplyPolicyRequest;
import dev.interdict.v1.ApplyPolicyResponse;
import dev.interdict.v1.CandidateServiceGrpc;
import dev.interdict.v1.Mode;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.SourceFile;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict policy apply}. */
@Command(
    name = "apply",
    mixinStandardHelpOptions = true,
    description = {
      "Bring a policy into force, in place of the one of the same name.",
      "If anything is wrong with it, nothing changes."
    })
final class PolicyApplyCommand implements Callable<Integer> {
  @Mixin LocalPolicy local;
  @Mixin Engine engine;
  @Mixin Output output;
  @Mixin Message message;
  @Mixin ConfirmWithin confirmWithin;
  @Mixin AcceptLockout acceptLockout;

  @Option(names = "--dry-run", description = "Only say what would happen.")
  boolean dryRun;

  @Option(
      names = "--candidate",
      description = {
        "Have it asked beside the policy in force: it refuses nothing, and",
        "interdict candidate show says what the two do not answer alike."
      })
  boolean candidate;

  @Override
  public Integer call() {
    if (candidate && !acceptLockout.all().isEmpty()) {
      throw new Failure(
          ExitCode.USAGE,
          "a candidate refuses nothing, so it locks nobody out",
          "give --accept-lockout to interdict candidate promote, or rollout start");
    }
    if (candidate && confirmWithin.given()) {
      throw new Failure(
          ExitCode.USAGE,
          "a candidate refuses nothing, so there is nothing to confirm",
          "give --confirm-within to interdict candidate promote");
    }
    PolicySource source = local.read();
    ParsedPolicy parsed = local.parse(source);
    local.policy(parsed);
    Compilation compilation = local.compile(parsed, Map.of());
    List<Diagnostic> found = new ArrayList<>(parsed.sourceMap().map(compilation.diagnostics()));
    found.addAll(LocalPolicy.linkedHere(parsed));
    local.print(found, source);
    if (!compilation.succeeded()) {
      throw new Failure(ExitCode.INVALID_POLICY, LocalPolicy.count(found), null);
    }
    ByteString compiled = ByteString.copyFrom(CompiledPolicyFile.toBytes(compilation.compiled()));
    try {
      if (candidate) {
        ApplyCandidateResponse response = applyCandidate(source, compiled);
        output.print(Trees.of(response), out -> tell(response, out));
      } else {
        ApplyPolicyResponse response = apply(source, parsed.policy().name(), compiled);
        output.print(Trees.of(response), out -> tell(response, out));
      }
    } catch (Failure e) {
      if (e.diagnostics().isEmpty()) {
        throw e;
      }
      local.print(e.diagnostics(), source);
      throw new Failure(ExitCode.INVALID_POLICY, LocalPolicy.count(e.diagnostics()), null);
    }
    return ExitCode.OK;
  }

  /** By a call of its own: an engine that knows none must not take it for a policy. */
  private ApplyCandidateResponse applyCandidate(PolicySource source, ByteString compiled) {
    ApplyCandidateRequest request =
        ApplyCandidateRequest.newBuilder()
            .setValidateOnly(dryRun)
            .setMessage(message.text)
            .setCompiled(compiled)
            .addAllSources(files(source))
            .build();
    return engine.ask(
        CandidateServiceGrpc::newBlockingStub, service -> service.applyCandidate(request));
  }

  private ApplyPolicyResponse apply(PolicySource source, String name, ByteString compiled) {
    ApplyPolicyRequest.Builder request =
        ApplyPolicyRequest.newBuilder()
            .setValidateOnly(dryRun)
            .setMessage(message.text)
            .setCompiled(compiled)
            .setAcceptLockout(acceptLockout.of(name))
            .addAllSources(files(source));
    if (confirmWithin.given()) {
      request.setConfirmWithin(confirmWithin.proto());
    }
    return engine.ask(
        PolicyServiceGrpc::newBlockingStub, service -> service.applyPolicy(request.build()));
  }

  private static List<SourceFile> files(PolicySource source) {
    List<SourceFile> files = new ArrayList<>();
    source
        .files()
        .forEach(
            (name, content) ->
                files.add(
                    SourceFile.newBuilder()
                        .setPath(name.equals(source.manifest()) ? PolicySource.POLICY_YAML : name)
                        .setContent(ByteString.copyFrom(content))
                        .build()));
    return files;
  }

  private void tell(ApplyCandidateResponse response, PrintWriter out) {
    String name = Text.word(response.getPolicy().getName());
    out.printf(
        "%s %s%s: a candidate, it refuses nothing%n",
        name, dryRun ? "would be " : "", Trees.word(response.getResult().getValueDescriptor()));
    out.println(
        dryRun
            ? "next: interdict policy apply --candidate " + Text.word(local.path.toString())
            : "next: interdict candidate show " + name);
  }

  private void tell(ApplyPolicyResponse response, PrintWriter out) {
    PolicyInfo policy = response.getPolicy();
    String name = Text.word(policy.getName());
    Mode effective = policy.getMode().getEffective();
    out.printf(
        "%s %s%s: %s%n",
        name,
        dryRun ? "would be " : "",
        Trees.word(response.getResult().getValueDescriptor()),
        effective == Mode.MODE_ENFORCE
            ? "enforcing, denials are refused"
            : "in audit, denials are only recorded");
    ConfirmWithin.tell(response.getPendingId(), response.getPendingUntil(), out);
    out.println(
        dryRun
            ? "next: interdict policy apply " + Text.word(local.path.toString())
            : effective == Mode.MODE_ENFORCE
                ? "next: interdict watch --policy " + name
                : "next: interdict watch --policy "
                    + name
                    + ", then interdict mode set enforce "
                    + name);
  }
}
