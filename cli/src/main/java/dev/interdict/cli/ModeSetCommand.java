package dev.interdict.cli;

import dev.interdict.v1.Mode;
import dev.interdict.v1.ModeServiceGrpc;
import dev.interdict.v1.SetModeRequest;
import dev.interdict.v1.SetModeResponse;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict mode set}. */
@Command(
    name = "set",
    mixinStandardHelpOptions = true,
    description = "Switch the host, or one policy. Takes effect with the next hook call.")
final class ModeSetCommand implements Callable<Integer> {
  /** The words. */
  enum Word {
    AUDIT(Mode.MODE_AUDIT),
    ENFORCE(Mode.MODE_ENFORCE),
    DEFAULT(Mode.MODE_UNSPECIFIED);

    private final Mode mode;

    Word(Mode mode) {
      this.mode = mode;
    }
  }

  @Spec CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODE",
      description = "audit, enforce, or for a policy default: what its policy.yaml says.")
  Word mode;

  @Parameters(
      index = "1",
      paramLabel = "POLICY",
      arity = "0..1",
      description = "The policy to switch; none: the host.")
  String policy;

  @Mixin Engine engine;
  @Mixin Output output;
  @Mixin Message message;
  @Mixin ConfirmWithin confirmWithin;
  @Mixin AcceptLockout acceptLockout;

  @Override
  public Integer call() {
    if (policy == null && mode == Word.DEFAULT) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "default is for a policy; the host is in audit or enforce");
    }
    SetModeRequest.Builder request =
        SetModeRequest.newBuilder()
            .setMode(mode.mode)
            .setPolicy(policy == null ? "" : policy)
            .setMessage(message.text);
    if (policy != null && acceptLockout.of(policy)) {
      request.addAcceptLockout(policy);
    } else {
      request.addAllAcceptLockout(acceptLockout.all());
    }
    if (confirmWithin.given()) {
      request.setConfirmWithin(confirmWithin.proto());
    }
    SetModeResponse response =
        engine.ask(ModeServiceGrpc::newBlockingStub, service -> service.setMode(request.build()));
    output.print(Trees.of(response), out -> tell(response, out));
    if (!response.getNotSaved().isEmpty()) {
      throw new Failure(
          ExitCode.REFUSED,
          "switched, but not saved: " + Text.line(response.getNotSaved()),
          "a restart of the engine returns to the mode before");
    }
    return ExitCode.OK;
  }

  private void tell(SetModeResponse response, PrintWriter out) {
    if (policy == null) {
      out.println("host: " + Modes.word(response.getHost()));
    }
    out.print(Modes.table(response.getPoliciesList(), response.getHost()).render());
    ConfirmWithin.tell(response.getPendingId(), response.getPendingUntil(), out);
    out.println("next: interdict watch");
  }
}
