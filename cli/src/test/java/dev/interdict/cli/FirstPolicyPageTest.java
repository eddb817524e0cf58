package dev.interdict.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page for newcomers says what happens to those who follow it: its commands are run, its files
 * written, and what they print is compared. When this fails, the page as it should be is {@code
 * cli/target/first-policy.md}: {@code cp cli/target/first-policy.md policies/first-policy.md}.
 *
 * <p>The first run takes half a minute: it is the compiler people have that is asked, nine times.
 * Later ones find its answers in the cache.
 */
class FirstPolicyPageTest {
  private static final Path PAGE = Path.of("../policies/first-policy.md");

  /** What comes after this line needs an engine; it was run by hand. */
  private static final String ENGINE = "<!-- from here on with an engine -->";

  @TempDir Path folder;
  private final List<String> page = new ArrayList<>();
  private int lastCode;

  @Test
  void theCommandsOfThePageMustPrintWhatItSays() throws IOException {
    List<String> lines = Files.readAllLines(PAGE);
    int engine = lines.indexOf(ENGINE);
    int i = 0;
    while (i < engine) {
      String line = lines.get(i++);
      page.add(line);
      if (!line.startsWith("```")) {
        continue;
      }
      int end = i + lines.subList(i, engine).indexOf("```");
      fence(line, lines.subList(i, end));
      page.add("```");
      i = end + 1;
    }
    page.addAll(lines.subList(engine, lines.size()));
    String expected = String.join("\n", page) + "\n";
    Files.writeString(Path.of("target/first-policy.md"), expected);
    assertEquals(expected, Files.readString(PAGE), "see target/first-policy.md");
  }

  private void fence(String head, List<String> body) throws IOException {
    int named = head.indexOf("write=");
    if (named >= 0) {
      Files.write(folder.resolve(head.substring(named + "write=".length())), body);
      page.addAll(body);
    } else if (head.equals("```console")) {
      for (String line : body) {
        if (line.startsWith("$ ")) {
          page.add(line);
          run(line.substring(2)).lines().map(String::stripTrailing).forEach(page::add);
        }
      }
    } else {
      page.addAll(body);
    }
  }

  private String run(String command) throws IOException {
    List<String> words = Arrays.asList(command.split(" ", -1));
    if (command.equals("echo $?")) {
      return lastCode + "\n";
    }
    if (words.getFirst().equals("ls")) {
      try (Stream<Path> files = Files.list(folder.resolve(words.get(1)))) {
        return String.join("\n", files.map(f -> f.getFileName().toString()).sorted().toList());
      }
    }
    assertEquals("interdict", words.getFirst(), command);
    String[] arguments = words.stream().skip(1).map(this::inFolder).toArray(String[]::new);
    Cli result = Cli.run(arguments);
    lastCode = result.code();
    return (result.err() + result.out()).replace(folder + "/", "");
  }

  /** The test cannot change its working directory: the policy's path is made absolute instead. */
  private String inFolder(String word) {
    return switch (word) {
      case "guard-host-keys" -> folder.resolve(word).toString();
      case "policies/host-keys.irec" -> PAGE.resolveSibling("host-keys.irec").toString();
      default -> word;
    };
  }
}
