package dev.interdict.libbpf;

/** The kernel's verifier, or libbpf before it, refused a program. Nothing was loaded. */
public final class VerifierException extends BpfException {
  private static final long serialVersionUID = 1;

  private final String log;

  VerifierException(String program, int errno, String log) {
    super("load program", program, errno, "the verifier says: " + lastLine(log));
    this.log = log;
  }

  /** All that verifier and libbpf said. */
  public String log() {
    return log;
  }

  /** The last line that explains: the verifier ends with statistics that do not. */
  static String lastLine(String log) {
    String last = "";
    for (String line : log.strip().split("\n", -1)) {
      if (!line.isBlank() && !line.startsWith("processed ") && !line.startsWith("-- END")) {
        last = line.strip();
      }
    }
    return last.isEmpty() ? "nothing" : last;
  }
}
