package dev.interdict.cli;

import dev.interdict.v1.DeletePolicyRequest;
import dev.interdict.v1.PolicyServiceGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
  @Mixin Message message;

  @Override
  public Integer call() {
    List<String> deleted = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String name : names) {
      try {
        delete(name);
        deleted.add(name);
      } catch (Failure e) {
        if (e.exitCode() == ExitCode.UNREACHABLE || names.size() == 1) {
          throw e;
        }
        failures.add(e);
      }
    }
    output.print(
        Map.of("deleted", deleted),
        out -> {
          deleted.forEach(name -> out.println(Text.word(name) + " deleted"));
          out.println("next: interdict policy list");
        });
    if (!failures.isEmpty()) { // the others were deleted all the same
      throw new Failure(
          failures.getFirst().exitCode(),
          failures.stream().map(Failure::getMessage).collect(Collectors.joining("\nerror: ")),
          failures.getFirst().hint());
    }
    return ExitCode.OK;
  }

  private void delete(String name) {
    DeletePolicyRequest request =
        DeletePolicyRequest.newBuilder().setName(name).setMessage(message.text).build();
    engine.ask(PolicyServiceGrpc::newBlockingStub, service -> service.deletePolicy(request));
  }
}
