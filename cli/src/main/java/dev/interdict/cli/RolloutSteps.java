package dev.interdict.cli;

import com.google.protobuf.Duration;
import dev.interdict.policy.Durations;
import dev.interdict.v1.RolloutStep;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Steps of a rollout as they are written: {@code 10%:10m,50%:10m,100%}. */
record RolloutSteps(List<RolloutStep> list) {
  private static final Pattern STEP = Pattern.compile("(\\d{1,3})%(?::(\\w{1,64}))?");

  /** From the command line. */
  static final class Converter implements ITypeConverter<RolloutSteps> {
    @Override
    public RolloutSteps convert(String text) {
      List<RolloutStep> steps = new ArrayList<>();
      for (String step : text.split(",", -1)) {
        steps.add(parse(step.strip()));
      }
      return new RolloutSteps(steps);
    }
  }

  private static RolloutStep parse(String text) {
    Matcher step = STEP.matcher(text);
    if (!step.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is no step such as 10%:10m; all of them: 10%:10m,50%:10m,100%");
    }
    RolloutStep.Builder builder =
        RolloutStep.newBuilder().setPercent(Integer.parseInt(step.group(1)));
    if (step.group(2) != null) {
      builder.setTime(time(step.group(2)));
    }
    return builder.build();
  }

  static Duration time(String text) {
    java.time.Duration time =
        Durations.parse(text)
            .orElseThrow(
                () ->
                    new TypeConversionException("'" + text + "' is no time such as 90s, 10m, 1h"));
    return Duration.newBuilder().setSeconds(time.toSeconds()).setNanos(time.toNanosPart()).build();
  }

  /** A time of a rollout. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return time(text);
    }
  }
}
