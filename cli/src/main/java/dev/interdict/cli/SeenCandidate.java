package dev.interdict.cli;

import picocli.CommandLine.Option;

/** Which candidate an operator has looked at, and beside what; options of what enforces it. */
final class SeenCandidate {
  @Option(
      names = "--revision",
      paramLabel = "N",
      description = "Only if the candidate is this revision still, and --beside in force.")
  long revision;

  @Option(
      names = "--beside",
      paramLabel = "N",
      description = "The revision in force that it was compared with; 0 (the default): none.")
  long beside;
}
