package dev.interdict.cli;

import picocli.CommandLine.Option;

/** Which candidate an operator has looked at, and beside what; options of what enforces it. */
final class SeenCandidate {
  @Option(
      names = "--revision",
      paramLabel = "N",
      description = "Only if the candidate is this revision still, and --beside in force.")
  private long revision;

  @Option(
      names = "--beside",
      paramLabel = "N",
      description = "The revision in force that it was compared with; 0 (the default): none.")
  private long beside;

  /** 0: whichever is there. */
  long revision() {
    if (revision == 0 && beside != 0) {
      throw new Failure(
          ExitCode.USAGE,
          "--beside is what a candidate was compared with, and none is named",
          "give --revision as well; interdict candidate show prints both");
    }
    return revision;
  }

  long beside() {
    return beside;
  }
}
