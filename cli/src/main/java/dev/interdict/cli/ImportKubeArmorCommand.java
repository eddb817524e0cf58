package dev.interdict.cli;

import dev.interdict.libbpf.PlainFile;
import dev.interdict.policy.Diagnostic;
import dev.interdict.policy.FileTrouble;
import dev.interdict.policy.Findings;
import dev.interdict.policy.YamlNode;
import dev.interdict.policy.YamlReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code interdict import kubearmor}. */
@Command(
    name = "kubearmor",
    mixinStandardHelpOptions = true,
    description = "Make policies of KubeArmor's, in audit, and tell what they do not say.")
final class ImportKubeArmorCommand implements Callable<Integer> {
  /** Some thousand policies. */
  private static final int FILE_MAX = 16 << 20;

  private static final Pattern NAME = Pattern.compile(".*\\.ya?ml", Pattern.CASE_INSENSITIVE);
  private static final Pattern HIDDEN = Pattern.compile("/\\.[^/]*/");

  /** Of one document from the next. */
  private static final Pattern SEPARATOR = Pattern.compile("(---|\\.\\.\\.)(\\s|$)");

  /** UTF-8's, its bytes as characters. */
  private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "YAML files, or folders that have some; one may hold several documents.")
  List<Path> paths;

  @Option(
      names = "--into",
      paramLabel = "FOLDER",
      required = true,
      description = "The folder to make; each policy gets one in it.")
  Path into;

  @Mixin Output output;

  private final Map<String, KubeArmorPolicy> policies = new TreeMap<>();

  /** Documents and files of which nothing came. */
  private final List<String> failed = new ArrayList<>();

  @Override
  public Integer call() {
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        files(path).forEach(this::readFound);
      } else {
        read(path);
      }
    }
    if (!policies.isEmpty()) {
      NewFolder.make(into, this::write);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put(
        "policies", policies.entrySet().stream().map(e -> tree(e.getKey(), e.getValue())).toList());
    tree.put("failed", failed);
    output.print(tree, this::tell);
    return failed.isEmpty() && !policies.isEmpty() ? ExitCode.OK : ExitCode.NO;
  }

  /** What is hidden is passed over: what a mounted ConfigMap links to is in a hidden folder. */
  private List<Path> files(Path path) {
    try (Stream<Path> all = Files.walk(path.toRealPath())) {
      Path root = path.toRealPath();
      List<Path> files = new ArrayList<>();
      for (Path file : all.sorted().toList()) {
        if (HIDDEN.matcher("/" + root.relativize(file) + "/").find()) {
          continue;
        }
        if (!Files.isDirectory(file)) {
          if (NAME.matcher(file.toString()).matches()) {
            files.add(file);
          }
        } else if (Files.isSymbolicLink(file)) {
          fail(file.toString(), "a link to a folder is not followed: name that, too");
        }
      }
      return files;
    } catch (IOException e) {
      throw unreadable(path, e);
    } catch (UncheckedIOException e) { // of a folder further down
      throw unreadable(path, e.getCause());
    }
  }

  private static Failure unreadable(Path path, IOException e) {
    return new Failure(
        ExitCode.REFUSED,
        "cannot read " + Text.word(path.toString()) + ": " + Text.line(FileTrouble.why(e)),
        null);
  }

  /** One among others, which it does not keep out. */
  private void readFound(Path file) {
    try {
      read(file);
    } catch (Failure e) {
      failed.add(e.getMessage());
    }
  }

  private void read(Path file) {
    byte[] bytes;
    try {
      bytes = PlainFile.read(file, FILE_MAX + 1);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    if (bytes.length > FILE_MAX) {
      throw new Failure(
          ExitCode.REFUSED,
          "%s has more than %d bytes".formatted(Text.word(file.toString()), FILE_MAX),
          "split it");
    }
    for (Document document : documents(bytes)) {
      Findings findings = new Findings();
      YamlNode node =
          document.saysNothing()
              ? null
              : YamlReader.read(file.toString(), document.bytes(), YamlReader.MAX_BYTES, findings);
      if (findings.failed()) {
        Diagnostic first = findings.sorted().getFirst();
        if (first.code().equals("yaml.encoding") || document.text().contains(KubeArmorPolicy.API)) {
          fail(file + ":" + (document.before() + Math.max(1, first.line())), first.message());
        }
      } else {
        read(file, document.before(), node);
      }
    }
  }

  /** What is none of KubeArmor's is passed over; a list has some in it. */
  private void read(Path file, int before, YamlNode node) {
    if (node instanceof YamlNode.Sequence sequence) {
      sequence.items().forEach(item -> read(file, before, item));
    } else if (node instanceof YamlNode.Mapping mapping && KubeArmorPolicy.is(mapping)) {
      KubeArmorPolicy policy = new KubeArmorPolicy(file.toString(), before, mapping);
      if (policy.rules() > 0) {
        add(policy);
      } else {
        fail(policy.place(), why(policy.leftOut()));
      }
    } else if (node instanceof YamlNode.Mapping mapping) {
      mapping.entries().stream()
          .filter(entry -> entry.key().equals("items"))
          .forEach(entry -> read(file, before, entry.value()));
    }
  }

  private static String why(List<KubeArmorPolicy.Note> notes) {
    return String.join(
        "; ", notes.stream().map(n -> "line " + n.line() + ": " + n.text()).toList());
  }

  /**
   * A part of a file, its bytes as characters.
   *
   * @param before lines of the file before its first
   */
  private record Document(int before, String text) {
    byte[] bytes() {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    boolean saysNothing() {
      return text.lines().allMatch(line -> line.isBlank() || line.stripLeading().startsWith("#"));
    }
  }

  private static List<Document> documents(byte[] file) {
    List<Document> documents = new ArrayList<>();
    StringBuilder document = new StringBuilder();
    int begun = 0;
    int lines = 0;
    for (String line : new String(file, StandardCharsets.ISO_8859_1).lines().toList()) {
      if (line.startsWith(BYTE_ORDER_MARK) && document.toString().isBlank()) {
        line = line.substring(BYTE_ORDER_MARK.length());
      }
      if (SEPARATOR.matcher(line).lookingAt()) {
        documents.add(new Document(begun, document.toString()));
        document = new StringBuilder();
        line = line.substring(3);
        begun = lines;
      }
      document.append(line).append('\n');
      lines++;
    }
    documents.add(new Document(begun, document.toString()));
    return documents;
  }

  private void fail(String place, String why) {
    failed.add(Text.line(place + ": " + why));
  }

  /** A name that is none for a policy, such as a word of Rego's, gets another one before it. */
  private void add(KubeArmorPolicy policy) {
    List<String> problems = List.of();
    for (String prefix : List.of("", "kubearmor-")) {
      int number = 1;
      while (policies.containsKey(policy.name(prefix, number))) {
        number++;
      }
      String name = policy.name(prefix, number);
      problems = KubeArmorPolicy.problems(policy.tree(name));
      if (problems.isEmpty()) {
        policies.put(name, policy);
        return;
      }
    }
    fail(policy.place(), String.join("; ", problems));
  }

  private void write() throws IOException {
    for (Map.Entry<String, KubeArmorPolicy> entry : policies.entrySet()) {
      Path folder = Files.createDirectory(into.resolve(entry.getKey()));
      Files.writeString(folder.resolve("policy.yaml"), text(entry.getKey(), entry.getValue()));
    }
  }

  private static String text(String name, KubeArmorPolicy policy) {
    StringBuilder text = new StringBuilder();
    text.append("# From ").append(Text.line(policy.place())).append("\n");
    policy.leftOut().forEach(note -> comment(text, "Left out", note));
    policy.wider().forEach(note -> comment(text, "Covers more", note));
    return text.append(Output.yaml(policy.tree(name))).toString();
  }

  private static void comment(StringBuilder text, String what, KubeArmorPolicy.Note note) {
    text.append("# %s: line %d: %s\n".formatted(what, note.line(), note.text()));
  }

  private Map<String, Object> tree(String name, KubeArmorPolicy policy) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", name);
    tree.put("folder", into.resolve(name).toString());
    tree.put("from", policy.place());
    tree.put("rules", policy.rules());
    tree.put("leftOut", notes(policy.leftOut()));
    tree.put("coversMore", notes(policy.wider()));
    return tree;
  }

  private static List<Map<String, Object>> notes(List<KubeArmorPolicy.Note> notes) {
    return notes.stream()
        .map(n -> Map.<String, Object>of("line", n.line(), "text", n.text()))
        .toList();
  }

  private void tell(PrintWriter out) {
    policies.forEach(
        (name, policy) -> {
          out.printf("%s: %s%n", name, Text.line(policy.place()));
          policy
              .leftOut()
              .forEach(n -> out.printf("  left out, line %d: %s%n", n.line(), n.text()));
          policy
              .wider()
              .forEach(n -> out.printf("  covers more, line %d: %s%n", n.line(), n.text()));
        });
    failed.forEach(why -> out.println("no policy: " + why));
    long parts = policies.values().stream().filter(p -> !p.leftOut().isEmpty()).count();
    long wider =
        policies.values().stream()
            .filter(p -> p.leftOut().isEmpty() && !p.wider().isEmpty())
            .count();
    out.printf(
        "%d policies: %d exact, %d cover more, %d in part; %d documents gave none%n",
        policies.size(), policies.size() - parts - wider, wider, parts, failed.size());
    if (!policies.isEmpty()) {
      String first = Text.word(into.resolve(policies.keySet().iterator().next()).toString());
      out.printf("next: interdict policy check %s%n", first);
    }
  }
}
