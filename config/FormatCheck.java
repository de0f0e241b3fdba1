import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks (or, with {@code --apply}, rewrites) every Java source of the modules under a root with
 * google-java-format. Run with the formatter's all-deps jar on the class path.
 */
final class FormatCheck {
  public static void main(String[] args) throws Exception {
    boolean apply = args.length > 1 && args[1].equals("--apply");
    List<String> call = new ArrayList<>();
    call.addAll(apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    call.addAll(sources(Path.of(args[0])));
    if (call.size() <= 2) {
      return;
    }
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exit = new Main(out, err, System.in).format(call.toArray(String[]::new));
    if (exit != 0) {
      System.err.println("These files are not in google-java-format; run config/format to mend them.");
    }
    System.exit(exit);
  }

  private static List<String> sources(Path root) throws IOException {
    List<String> found = new ArrayList<>();
    try (var modules = Files.list(root)) {
      for (Path module : modules.sorted().toList()) {
        Path src = module.resolve("src");
        if (!Files.isDirectory(src) || !Files.exists(module.resolve("pom.xml"))) {
          continue;
        }
        try (var files = Files.walk(src)) {
          files.filter(f -> f.toString().endsWith(".java")).map(Path::toString).sorted().forEach(found::add);
        }
      }
    }
    return found;
  }
}
