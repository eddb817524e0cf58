package dev.interdict.cli;

import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.PolicyServiceGrpc;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict policy delete}. */
@Command(
    name = "delete",
    mixinStandardHelpOptions = true,
    description = "Take policies out of force and forget them.")
final class PolicyDeleteCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", arity = "1..*", description = "The policies' names.")
  List<String> names;

  @Mixin Engine engine;
  @Mixin Output output;

  @Override
  public Integer call() {
    for (String name : names) {
      engine.ask(
          PolicyServiceGrpc::newBlockingStub,
          service -> service.deletePolicy(DeletePolicyRequest.newBuilder().setName(name).build()));
    }
    output.print(
        Map.of("deleted", names),
        out -> {
          names.forEach(name -> out.println(Text.word(name) + " deleted"));
          out.println("next: interdict policy list");
        });
    return ExitCode.OK;
  }
}
