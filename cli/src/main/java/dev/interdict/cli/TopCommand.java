package dev.interdict.cli;

import dev.interdict.v1.DecisionServiceGrpc;
import dev.interdict.v1.GetStatusRequest;
import dev.interdict.v1.GetStatusResponse;
import dev.interdict.v1.NodeServiceGrpc;
import dev.interdict.v1.WatchDecisionsRequest;
import dev.interdict.v1.WatchDecisionsResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code interdict top}. */
@Command(
    name = "top",
    mixinStandardHelpOptions = true,
    description = "Show what is refused most, or would be, and what each hook does in a second.",
    footer = {"", "In place on a terminal, else page after page."})
final class TopCommand implements Callable<Integer> {
  private static final String CLEAR = "\u001b[H\u001b[2J";

  /** An answer in that time, or the engine is ill. */
  private static final long ANSWER_SECONDS = 20;

  @Mixin Engine engine;
  @Mixin Output output;

  @Option(
      names = "--every",
      paramLabel = "TIME",
      converter = ConfirmWithin.Time.class,
      defaultValue = "2s",
      description = "Between two pages, from 1s on (default: ${DEFAULT-VALUE}).")
  Duration every;

  @Option(
      names = "--by",
      description = "Only ${COMPLETION-CANDIDATES}; may be repeated (default: all).")
  List<Tally.Group> groups = new ArrayList<>();

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "5",
      description = "The N most frequent of each (default: ${DEFAULT-VALUE}).")
  int rows;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Count the latest N decisions that are kept, too, 4096 at most (default: ${DEFAULT-VALUE}).")
  int last;

  @Option(names = "--count", paramLabel = "N", description = "End after N pages.")
  long count = Long.MAX_VALUE;

  @Override
  public Integer call() {
    if (rows < 1 || count < 1 || last < 0 || every.toSeconds() < 1) {
      throw new CommandLine.ParameterException(
          output.spec.commandLine(),
          "--rows and --count are 1 or more, --last is 0 or more, --every is 1s or more");
    }
    return engine.ask(
        DecisionServiceGrpc::newStub,
        decisions -> {
          Watch watch = new Watch();
          decisions.watchDecisions(WatchDecisionsRequest.newBuilder().setLast(last).build(), watch);
          pages(NodeServiceGrpc.newBlockingStub(decisions.getChannel()), watch);
          return ExitCode.OK;
        },
        null);
  }

  private void pages(NodeServiceGrpc.NodeServiceBlockingStub node, Watch watch) {
    GetStatusResponse before = status(node);
    long beforeNs = System.nanoTime();
    for (long page = 0; page < count && !output.out().checkError(); page++) {
      watch.rest(every);
      GetStatusResponse now = status(node);
      long nowNs = System.nanoTime();
      double seconds = (nowNs - beforeNs) / (double) TimeUnit.SECONDS.toNanos(1);
      print(new TopPage(Instant.now(), before, now, seconds, watch.tally, shown(), rows));
      before = now;
      beforeNs = nowNs;
    }
  }

  private List<Tally.Group> shown() {
    return groups.isEmpty() ? List.of(Tally.Group.values()) : groups;
  }

  private static GetStatusResponse status(NodeServiceGrpc.NodeServiceBlockingStub node) {
    return node.withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
        .getStatus(GetStatusRequest.getDefaultInstance());
  }

  private void print(TopPage page) {
    PrintWriter out = output.out();
    if (output.format != Output.Format.TABLE) {
      out.print(Output.streamed(output.format, page.tree()));
    } else if (isTerminal()) {
      out.print(CLEAR + page.text(output.style()));
    } else {
      out.println(page.text(output.style()));
    }
    out.flush();
  }

  @SuppressWarnings("SystemConsoleNull") // it does where neither side is a terminal
  private static boolean isTerminal() {
    return System.console() != null && System.console().isTerminal();
  }

  /** Counts what comes, until it ends. */
  private static final class Watch implements StreamObserver<WatchDecisionsResponse> {
    private final Tally tally = new Tally();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    @Override
    public void onNext(WatchDecisionsResponse event) {
      if (event.hasDecision()) {
        tally.add(event.getDecision());
      } else if (event.hasLost()) {
        tally.lost(event.getLost());
      }
    }

    @Override
    public void onError(Throwable failure) {
      end.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      end.completeExceptionally(
          Status.UNAVAILABLE.withDescription("the engine has ended").asRuntimeException());
    }

    /** Sleeps, but not on when there is nothing more to come. */
    void rest(Duration time) {
      try {
        end.get(time.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        return; // as it should be
      } catch (ExecutionException e) {
        throw e.getCause() instanceof StatusRuntimeException status
            ? status
            : new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Status.CANCELLED.withCause(e).asRuntimeException();
      }
    }
  }
}
