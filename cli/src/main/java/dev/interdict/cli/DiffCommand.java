package dev.interdict.cli;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import com.google.protobuf.ByteString;
import dev.interdict.v1.GetPolicyRequest;
import dev.interdict.v1.GetPolicyResponse;
import dev.interdict.v1.GetRevisionRequest;
import dev.interdict.v1.GetRevisionResponse;
import dev.interdict.v1.HistoryServiceGrpc;
import dev.interdict.v1.PolicyServiceGrpc;
import dev.interdict.v1.SourceFile;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code interdict diff}. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description = "Show what changed between two revisions of a policy.")
final class DiffCommand implements Callable<Integer> {
  private static final int LINES_AROUND = 3;

  @Parameters(index = "0", paramLabel = "POLICY", description = "The policy's name.")
  String policy;

  @Parameters(
      index = "1",
      paramLabel = "OLD",
      arity = "0..1",
      defaultValue = "0",
      description = "A revision; none: the latest with another content than what is in force.")
  long old;

  @Parameters(
      index = "2",
      paramLabel = "NEW",
      arity = "0..1",
      defaultValue = "0",
      description = "Another one; none: what is in force.")
  long fresh;

  @Mixin Engine engine;
  @Mixin Output output;

  /** A revision's files, by path. */
  private record Side(long revision, SortedMap<String, ByteString> files) {
    static Side of(long revision, List<SourceFile> sources) {
      SortedMap<String, ByteString> files = new TreeMap<>();
      sources.forEach(source -> files.put(source.getPath(), source.getContent()));
      return new Side(revision, files);
    }

    List<String> lines(String path) {
      ByteString content = files.getOrDefault(path, ByteString.EMPTY);
      return content.isEmpty() ? List.of() : List.of(content.toStringUtf8().split("\n", -1));
    }
  }

  @Override
  public Integer call() {
    Side before = revision(old);
    Side after = fresh == 0 ? inForce() : revision(fresh);
    List<String> diff = diff(before, after);
    output.print(
        Map.of("old", before.revision(), "new", after.revision(), "diff", diff),
        out -> print(diff, out));
    return ExitCode.OK;
  }

  private Side revision(long number) {
    GetRevisionRequest request =
        GetRevisionRequest.newBuilder().setPolicy(policy).setRevision(number).build();
    GetRevisionResponse found =
        engine.ask(HistoryServiceGrpc::newBlockingStub, service -> service.getRevision(request));
    return Side.of(found.getRevision(), found.getSourcesList());
  }

  private Side inForce() {
    GetPolicyRequest request = GetPolicyRequest.newBuilder().setName(policy).build();
    GetPolicyResponse found =
        engine.ask(PolicyServiceGrpc::newBlockingStub, service -> service.getPolicy(request));
    return Side.of(found.getPolicy().getRevision(), found.getSourcesList());
  }

  private static List<String> diff(Side before, Side after) {
    List<String> lines = new ArrayList<>();
    TreeSet<String> paths = new TreeSet<>(before.files().keySet());
    paths.addAll(after.files().keySet());
    for (String path : paths) {
      List<String> from = before.lines(path);
      List<String> to = after.lines(path);
      List<String> one =
          UnifiedDiffUtils.generateUnifiedDiff(
              path + " (revision " + before.revision() + ")",
              path + " (revision " + after.revision() + ")",
              from,
              DiffUtils.diff(from, to),
              LINES_AROUND);
      lines.addAll(one);
      if (one.isEmpty() && !Objects.equals(before.files().get(path), after.files().get(path))) {
        lines.add(path + ": the same text of other bytes, or one is empty and the other not there");
      }
    }
    return lines;
  }

  private void print(List<String> diff, PrintWriter out) {
    if (diff.isEmpty()) {
      out.println("no difference");
    }
    for (String line : diff) {
      String shown = Text.line(line);
      out.println(
          line.startsWith("+")
              ? output.style().green(shown)
              : line.startsWith("-") ? output.style().red(shown) : shown);
    }
  }
}
