package dev.interdict.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code interdict policy new}. */
@Command(
    name = "new",
    mixinStandardHelpOptions = true,
    description = "Make a folder with a small policy that passes its own test.")
final class PolicyNewCommand implements Callable<Integer> {
  private static final String TEMPLATES = "/dev/interdict/cli/new/";

  @Spec CommandSpec spec;

  @Parameters(
      paramLabel = "PATH",
      description = "The folder to make; its last name is the policy's.")
  Path path;

  @Override
  public Integer call() {
    String name = String.valueOf(path.getFileName());
    if (!name.matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?")) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "\"%s\" is no name for a policy: lower-case letters, digits and dashes, a letter first, no dash last"
              .formatted(Text.line(name)));
    }
    String identifier = name.replace('-', '_');
    Map<String, String> files =
        Map.of(
            "policy.yaml", "policy.yaml",
            "cases.yaml", "cases.yaml",
            "README.md", "README.md",
            "policy_test.rego", identifier + "_test.rego");
    NewFolder.make(
        path,
        () -> {
          for (Map.Entry<String, String> file : files.entrySet()) {
            String text = template(file.getKey());
            Files.writeString(
                path.resolve(file.getValue()),
                text.replace("@NAME@", name).replace("@IDENTIFIER@", identifier));
          }
        });
    String shown = Text.word(path.toString());
    spec.commandLine().getOut().printf("%s made%nnext: interdict policy test %s%n", shown, shown);
    return ExitCode.OK;
  }

  private static String template(String name) throws IOException {
    try (InputStream text = PolicyNewCommand.class.getResourceAsStream(TEMPLATES + name)) {
      if (text == null) {
        throw new IllegalStateException("the build left out " + TEMPLATES + name);
      }
      return new String(text.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
