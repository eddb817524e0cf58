package dev.interdict.cli;

import dev.interdict.policy.FileTrouble;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.PolicyInfo;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.SourceFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict policy get}. */
@Command(
    name = "get",
    mixinStandardHelpOptions = true,
    description = "Show one policy; with -o json or yaml its sources too.")
final class PolicyGetCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "The policy's name.")
  String name;

  @Option(
      names = "--save",
      paramLabel = "DIR",
      description = "Write its sources into this new folder.")
  Path save;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    GetPolicyResponse found =
        engine.ask(
            PolicyServiceGrpc::newBlockingStub,
            service -> service.getPolicy(GetPolicyRequest.newBuilder().setName(name).build()));
    output.print(Trees.of(found), out -> describe(found, out));
    if (save != null) {
      save(found);
    }
    return ExitCode.OK;
  }

  private static void describe(GetPolicyResponse found, PrintWriter out) {
    PolicyInfo policy = found.getPolicy();
    out.println("name         " + Text.word(policy.getName()));
    out.println("description  " + Text.line(policy.getDescription()));
    policy
        .getLabelsMap()
        .forEach((key, value) -> out.println("label        " + Text.line(key + "=" + value)));
    out.println("hooks        " + Text.line(String.join(", ", policy.getHooksList())));
    out.printf(
        "mode         %s (policy.yaml: %s, set: %s)%n",
        Modes.word(policy.getMode().getEffective()),
        Modes.word(policy.getMode().getDeclared()),
        Modes.word(policy.getMode().getOverride()));
    out.printf(
        "counted      denied %d, would deny %d, fallback %d, tripped %d, alarms %d%n",
        policy.getCounters().getDenied(),
        policy.getCounters().getWouldDeny(),
        policy.getCounters().getFallback(),
        policy.getCounters().getTripped(),
        policy.getCounters().getAlarms());
    out.println("applied      " + Trees.instant(policy.getApplied()));
    out.println("revision     " + policy.getRevision());
    out.println("digest       " + Text.word(policy.getDigest()));
    out.println("slot         " + policy.getSlot());
    if (!policy.getProblem().isEmpty()) {
      out.println("problem      " + Text.line(policy.getProblem()));
    }
    out.println(
        "files        "
            + Text.line(
                String.join(
                    ", ", found.getSourcesList().stream().map(SourceFile::getPath).toList())));
  }

  private void save(GetPolicyResponse found) {
    try {
      Files.createDirectory(save);
      for (SourceFile file : found.getSourcesList()) {
        Path target = save.resolve(file.getPath()).normalize();
        if (!save.toAbsolutePath().equals(target.toAbsolutePath().getParent())) {
          throw new IOException("the engine named a file outside of a folder: " + file.getPath());
        }
        Files.write(target, file.getContent().toByteArray(), StandardOpenOption.CREATE_NEW);
      }
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot write the sources into "
              + Text.word(save.toString())
              + ": "
              + Text.line(FileTrouble.why(e)),
          "name a folder that does not exist yet");
    }
  }
}
