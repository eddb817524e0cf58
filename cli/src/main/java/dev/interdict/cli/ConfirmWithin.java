package dev.interdict.cli;

import com.google.protobuf.Timestamp;
import dev.interdict.policy.Durations;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How long a change waits for its confirmation; an option of commands whose change may. */
final class ConfirmWithin {
  @Option(
      names = "--confirm-within",
      paramLabel = "TIME",
      converter = Time.class,
      description = {
        "The kernel undoes it after this time, 1s to 1d, such as 10m, unless it is confirmed:",
        "interdict confirm ID. Also with the engine dead."
      })
  private Duration time;

  /** Such as 10m. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return Durations.parse(text)
          .orElseThrow(
              () -> new TypeConversionException("'" + text + "' is no time such as 90s, 10m, 1h"));
    }
  }

  boolean given() {
    return time != null;
  }

  com.google.protobuf.Duration proto() {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(time.toSeconds())
        .setNanos(time.toNanosPart())
        .build();
  }

  /** Says what is to be done now, if something waits. */
  static void tell(long id, Timestamp until, PrintWriter out) {
    if (id != 0) {
      out.printf(
          "undone at %s, unless you: interdict confirm %d%n",
          Trees.instant(until).truncatedTo(ChronoUnit.SECONDS), id);
    }
  }
}
