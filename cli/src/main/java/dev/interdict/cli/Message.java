package dev.interdict.cli;

import picocli.CommandLine.Option;

/** Why a change is made; an option of every command that makes one. */
final class Message {
  @Option(
      names = {"-m", "--message"},
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Why, for interdict history.")
  String text = "";
}
