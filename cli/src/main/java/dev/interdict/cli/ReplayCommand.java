package dev.interdict.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.interdict.compile.Compilation;
import dev.interdict.eval.PolicyModule;
import dev.interdict.eval.PolicyTrial;
import dev.interdict.policy.ParsedPolicy;
import dev.interdict.policy.Policy;
import dev.interdict.policy.PolicySource;
import dev.interdict.recording.RecordingException;
import dev.interdict.recording.RecordingReader;
import dev.interdict.replay.JudgedPolicy;
import dev.interdict.replay.Replay;
import dev.interdict.replay.Replay.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
      "  interdict replay my-policy/ --against FILE --fail-on newly-denied,error,cut"
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
    ERROR(Kind.ERROR),
    /** The recording has no end. */
    CUT(null),
    /** It says that it does not have something. */
    MISSING(null);

    private final Kind kind;

    Result(Kind kind) {
      this.kind = kind;
    }

    @Override
    public String toString() {
      return kind == null ? name().toLowerCase(Locale.ROOT) : ReplayReport.id(kind);
    }

    boolean isIn(ReplayReport report, RecordingReader.Outcome outcome) {
      return switch (this) {
        case CUT -> outcome.cut() != null;
        case MISSING -> report.missesSomething();
        case CANNOT_TELL -> report.tuples(kind) > 0 || report.isUnreadOther();
        default -> report.tuples(kind) > 0;
      };
    }
  }

  @Option(
      names = "--fail-on",
      paramLabel = "RESULT",
      split = ",",
      converter = ResultConverter.class,
      defaultValue = "newly-denied,newly-allowed,cannot-tell,error,cut,missing",
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
  public Integer call() throws IOException {
    return toCases == null
        ? replay(null)
        : NewFile.write(toCases, this::replay); // before all the work: it may be there already
  }

  private int replay(OutputStream casesTo) throws IOException {
    ReplayReport report = new ReplayReport();
    RecordingReader.Outcome outcome;
    ReplayCases cases;
    try (JudgedPolicy candidate = judged(local);
        JudgedPolicy other = base == null ? null : judged(LocalPolicy.of(local.spec, base))) {
      cases = new ReplayCases(candidate);
      report.listens(casesTo == null ? judged -> {} : cases::add);
      Replay replay = new Replay(candidate, other, report);
      report.unwatched(replay::unwatched);
      report.unread(replay::unread);
      outcome = RecordingReader.read(against, replay);
    } catch (RecordingException e) {
      throw new Failure(ExitCode.REFUSED, Text.line(e.getMessage()), null);
    }
    if (casesTo != null) {
      casesTo.write(cases.yaml().getBytes(UTF_8));
    }
    boolean failed = failed(report, outcome);
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

  private boolean failed(ReplayReport report, RecordingReader.Outcome outcome) {
    return report.judged() == 0 || failOn.stream().anyMatch(r -> r.isIn(report, outcome));
  }

  static JudgedPolicy judged(LocalPolicy of) {
    PolicySource source = of.read();
    ParsedPolicy parsed = of.parse(source);
    Policy policy = of.policy(parsed);
    Compilation compilation = of.compile(parsed, Map.of());
    of.print(parsed.sourceMap().map(compilation.diagnostics()), source);
    if (!compilation.succeeded()) {
      throw new Failure(
          ExitCode.INVALID_POLICY, LocalPolicy.count(compilation.diagnostics()), null);
    }
    PolicyModule module = LocalPolicy.load(compilation.compiled());
    PolicyTrial.warmUp(module, policy.hooks());
    return new JudgedPolicy(policy, compilation.compiled(), module);
  }
}
