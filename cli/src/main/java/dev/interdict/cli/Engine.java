package dev.interdict.cli;

import dev.interdict.admin.AdminChannel;
import dev.interdict.admin.AdminConfig;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** The way to the engine; options of every command that talks to it. */
final class Engine {
  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description = "The engine's socket (default: ${DEFAULT-VALUE}, or INTERDICT_SOCKET).",
      defaultValue = "${env:INTERDICT_SOCKET:-/run/interdict/admin.sock}")
  Path socket = AdminConfig.SOCKET;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "Wait at most so long for the answer; 0: no limit (default: ${DEFAULT-VALUE}).")
  int timeoutSeconds;

  /**
   * One question, one answer.
   *
   * @param stub makes the service's blocking stub
   * @throws Failure if the engine cannot be reached, refuses, or does not answer in time
   */
  <S extends AbstractStub<S>, R> R ask(Function<io.grpc.Channel, S> stub, Function<S, R> question) {
    if (timeoutSeconds < 0) {
      throw new Failure(ExitCode.USAGE, "--timeout is 0 (no limit) or a number of seconds", null);
    }
    return ask(stub, question, timeoutSeconds == 0 ? null : Duration.ofSeconds(timeoutSeconds));
  }

  private void reach() {
    try {
      Files.readAttributes(socket, BasicFileAttributes.class);
    } catch (AccessDeniedException e) {
      throw Failures.unreachable(socket, "permission denied");
    } catch (IOException e) {
      throw Failures.unreachable(socket, "there is no such socket");
    }
  }

  /**
   * The same with another time limit.
   *
   * @param limit null: none
   */
  <S extends AbstractStub<S>, R> R ask(
      Function<io.grpc.Channel, S> stub, Function<S, R> question, Duration limit) {
    reach();
    ManagedChannel channel = AdminChannel.open(socket);
    try {
      S service = stub.apply(channel);
      return question.apply(
          limit == null
              ? service
              : service.withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (StatusRuntimeException e) {
      throw Failures.of(e, socket);
    } finally {
      channel.shutdownNow();
    }
  }
}
