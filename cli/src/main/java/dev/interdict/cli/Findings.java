package dev.interdict.cli;

import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.PolicySource;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Findings about a policy as text: place, message, and the line with a mark below the column. */
final class Findings {
  private final String folder;
  private final Style style;

  /**
   * @param folder put before each file name, with its slash
   */
  Findings(String folder, Style style) {
    this.folder = folder;
    this.style = style;
  }

  /**
   * All of {@code diagnostics}, one after the other.
   *
   * @param source where to quote from; null: do not quote
   */
  String render(List<Diagnostic> diagnostics, PolicySource source) {
    StringBuilder text = new StringBuilder();
    for (Diagnostic found : diagnostics) {
      text.append(
          found.severity() == Diagnostic.Severity.ERROR
              ? style.red("error:")
              : style.yellow("warning:"));
      text.append(' ').append(Text.line(folder + found.file()));
      if (found.line() > 0) {
        text.append(':').append(found.line());
        text.append(found.column() > 0 ? ":" + found.column() : "");
      }
      text.append(": ").append(message(found)).append('\n');
      if (source != null) {
        quote(found, source, text);
      }
    }
    return text.toString();
  }

  private static String message(Diagnostic found) {
    return Text.line(found.message()) + " [" + found.code() + "]";
  }

  private static void quote(Diagnostic found, PolicySource source, StringBuilder text) {
    byte[] content = source.files().get(found.file());
    if (content == null || found.line() < 1) {
      return;
    }
    List<String> lines = new String(content, StandardCharsets.UTF_8).lines().toList();
    if (found.line() > lines.size()) {
      return;
    }
    String line = lines.get(found.line() - 1).replace('\t', ' ');
    text.append("%5d | %s%n".formatted(found.line(), Text.line(line)));
    if (found.column() > 0 && found.column() <= line.length() + 1) {
      text.append("      | ").append(" ".repeat(found.column() - 1)).append("^\n");
    }
  }
}
