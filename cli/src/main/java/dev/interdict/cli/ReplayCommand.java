package dev.interdict.cli;

import dev.interdict.compile.Compilation;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import dev.interdict.recording.RecordingException;
import dev.interdict.recording.RecordingReader;
import dev.interdict.replay.JudgedPolicy;
import dev.interdict.replay.Replay;
import dev.interdict.replay.Replay.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict replay}. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = {
      "Ask a policy about a recording: what it would newly deny and newly allow.",
      "It is compared with what the policy of the same name said when it was recorded, or with"
          + " nothing if there was none. Needs no engine, no root and no kernel; never guesses:"
          + " what rests on a fact that was not seen it cannot tell."
    },
    footer = {
      "",
      "Exit code 0: nothing of what --fail-on names, and something was compared; 1: not so.",
      "As a check that only minds new denials:",
      "  interdict replay my-policy/ --against FILE --fail-on newly-denied,error"
    })
final class ReplayCommand implements Callable<Integer> {
  @Mixin LocalPolicy local;

  @Option(
      names = "--against",
      paramLabel = "FILE",
      required = true,
      description = "A recording, as interdict record export writes it.")
  Path against;

  @Option(
      names = "--base",
      paramLabel = "PATH",
      description = "Compare with what this policy says instead.")
  Path base;

  /** As one writes them. */
  enum Result {
    NEWLY_DENIED(Kind.NEWLY_DENIED),
    NEWLY_ALLOWED(Kind.NEWLY_ALLOWED),
    CANNOT_TELL(Kind.CANNOT_TELL),
    ERROR(Kind.ERROR);

    private final Kind kind;

    Result(Kind kind) {
      this.kind = kind;
    }

    @Override
    public String toString() {
      return ReplayReport.id(kind);
    }
  }

  @Option(
      names = "--fail-on",
      paramLabel = "RESULT",
      split = ",",
      converter = ResultConverter.class,
      defaultValue = "newly-denied,newly-allowed,cannot-tell,error",
      description = "Which results make the exit code 1 (default: ${DEFAULT-VALUE}).")
  List<Result> failOn;

  @Option(
      names = "--to-cases",
      paramLabel = "FILE",
      description =
          "Write each difference as a test case, with the facts that matter; not over a file that"
              + " is there.")
  Path toCases;

  @Mixin Output output;

  /** Words with dashes. */
  static final class ResultConverter implements picocli.CommandLine.ITypeConverter<Result> {
    @Override
    public Result convert(String word) {
      for (Result result : Result.values()) {
        if (result.toString().equals(word)) {
          return result;
        }
      }
      throw new picocli.CommandLine.TypeConversionException(
          "\"%s\" is none of %s".formatted(word, List.of(Result.values())));
    }
  }

  @Override
  public Integer call() {
    ReplayReport report = new ReplayReport();
    RecordingReader.Outcome outcome;
    ReplayCases cases;
    try (JudgedPolicy candidate = judged(local);
        JudgedPolicy other = base == null ? null : judged(LocalPolicy.of(local.spec, base))) {
      cases = new ReplayCases(candidate);
      report.listens(toCases == null ? judged -> {} : cases::add);
      Replay replay = new Replay(candidate, other, report);
      report.unwatched(replay::unwatched);
      outcome = RecordingReader.read(against, replay);
      write(cases);
    } catch (RecordingException e) {
      throw new Failure(ExitCode.REFUSED, Text.line(e.getMessage()), null);
    }
    boolean failed = failed(report);
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("passed", !failed);
    tree.putAll(report.tree(outcome));
    output.print(
        tree,
        out -> {
          report.table(out, output.style(), outcome);
          if (toCases != null) {
            out.println(
                "%s: %d cases%s"
                    .formatted(
                        Text.word(toCases.toString()),
                        cases.size(),
                        cases.left() == 0
                            ? ""
                            : "; "
                                + cases.left()
                                + " differences cannot be written as one, or are"
                                + " beyond "
                                + ReplayCases.MAX));
          }
          if (report.judged() == 0) {
            out.println(output.style().red("nothing was compared: the policy is not asked about"));
          }
        });
    return failed ? ExitCode.NO : ExitCode.OK;
  }

  private boolean failed(ReplayReport report) {
    Set<Result> minds = EnumSet.copyOf(failOn);
    return report.judged() == 0 || minds.stream().anyMatch(r -> report.tuples(r.kind) > 0);
  }

  private void write(ReplayCases cases) {
    if (toCases == null) {
      return;
    }
    try {
      Files.writeString(toCases, cases.yaml(), StandardOpenOption.CREATE_NEW);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "cannot write " + Text.word(toCases.toString()) + ": " + Text.line(String.valueOf(e)),
          "name another file");
    }
  }

  private static JudgedPolicy judged(LocalPolicy of) {
    PolicySource source = of.read();
    ParsedPolicy parsed = of.parse(source);
    Policy policy = of.policy(parsed);
    Compilation compilation = of.compile(parsed, Map.of());
    of.print(parsed.sourceMap().map(compilation.diagnostics()), source);
    if (!compilation.succeeded()) {
      throw new Failure(
          ExitCode.INVALID_POLICY, LocalPolicy.count(compilation.diagnostics()), null);
    }
    return new JudgedPolicy(
        policy, compilation.compiled(), LocalPolicy.load(compilation.compiled()));
  }
}
