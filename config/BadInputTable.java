import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes docs/reference/bad-inputs.md from the test sources under a root: every test named {@code
 * badInput_NUMBER_...} under its number. Run from the repository's root; with {@code --check} it
 * writes nothing, and fails if the page is out of step or a number has no test.
 */
final class BadInputTable {
  /** Numbers whose tests are being written elsewhere; empty in a release. */
  private static final List<Integer> AWAITED = List.of();

  /** Inputs of a reader that this version does not have. */
  private static final List<Integer> NO_READER = List.of(50, 51, 52, 54);

  private static final Pattern TEST = Pattern.compile("^  (?:static )?void (badInput_(\\d+)_\\w+)\\(", Pattern.MULTILINE);

  /** What shows that a test's input comes through a real socket. */
  private static final Pattern SOCKET =
      Pattern.compile("\\b(WireConsortium|HttpClient|SSLSocket|ServerSocket|LocalConsortium|LyingCoordinator)\\b");

  private static final String HEAD = """
      # Bad inputs and their tests

      <!-- Written by config/BadInputTable.java; run: java config/BadInputTable.java -->

      What a hostile or broken peer, file or request may send, and the tests that send it. Each ends in a typed
      status or error, changes no state, leaves one line or journal entry, shows no stack trace and no path, and
      needs bounded memory. *Socket*: the input comes to a live port or process; *unit*: to the class that
      judges it. All run in `./mvnw verify` or, if slow, in `.ci/run`, which prints how many passed.

      | # | input | tests | level |
      |---|---|---|---|
      """;

  private static final String[] TITLES = {
    "a certificate of another authority with the same names",
    "a certificate that has ended or has not begun",
    "a site that was shut out, before and during a call",
    "a revocation list that is stale, missing, garbled or signed by another",
    "a certificate made for another purpose or role",
    "no client certificate, no TLS, or an older TLS",
    "a certificate with two names or a crooked one",
    "a certificate issued by a certificate that may not issue",
    "one site's connection, another site's name in the message",
    "one site's connection, another site's signature",
    "a join token used twice, late, guessed, or by another site",
    "a key request that is forged, weak, or asks for more",
    "a renewal for another name, or at the last instant",
    "somebody who approves an own request, or counts twice",
    "a login or signature that is played again elsewhere",
    "an update of another round, attempt, study or context",
    "an accepted update again, the same or another",
    "an update of another base model or layout",
    "a site that is not in the round, or is removed from it",
    "a coordinator that tells sites different things",
    "a list of keys that was tampered with",
    "a request to unmask more than one sum",
    "a share that is broken or in the wrong place",
    "a round that is too small or among strangers",
    "an update that comes after the round was closed",
    "clocks that jump",
    "a length that is huge, negative, overflows, or is one too long",
    "chunks out of order, twice, missing, or wrong",
    "an upload that is cut in the middle",
    "two uploads of one site at once",
    "a peer that sends one byte at a time",
    "floods: resets, streams, header blocks, pings, connections",
    "a compressed message",
    "protobuf that is too deep, malformed, or full of unknown fields",
    "a full disk",
    "random bytes to every call",
    "numbers that are not finite, too large, or too small",
    "shapes that overflow, differ, or are missing",
    "norms and weights that are false or too large; an update of nothing",
    "a safetensors header that lies",
    "another format under the name of weights",
    "names and archives that point elsewhere or unfold without end",
    "a model file with one byte changed",
    "SQL and other code in a path or query",
    "somebody else's page by its name",
    "a missing, wrong or forged token; a request from a foreign page",
    "markup, control characters and formulas in names",
    "fields that nobody may set, deep or huge bodies, addresses to fetch",
    "counts and inner pages that monitoring must not show",
    "marks burned into DICOM pictures",
    "patient data in DICOM's corners",
    "DICOM that breaks its reader",
    "one patient under two numbers",
    "DICOM names that are paths",
    "counts of few cases, directly or as a difference",
    "a patient's name in a log line or error",
    "something to send that no rule declares",
    "a privacy budget that is spent or was set back",
    "a log that was edited, cut, forked or restored",
    "a log under a burst, or with over-size or foreign text"
  };

  public static void main(String[] arguments) throws IOException {
    boolean check = arguments.length > 0 && arguments[0].equals("--check");
    Path root = Path.of(System.getProperty("root", ".")).toAbsolutePath().normalize();
    Path page = root.resolve("docs/reference/bad-inputs.md");
    Map<Integer, List<String>> tests = new TreeMap<>();
    Map<Integer, TreeSet<String>> levels = new TreeMap<>();
    collect(root, tests, levels);
    List<String> problems = problems(tests);
    String text = text(tests, levels);
    if (!check) {
      Files.writeString(page, text);
    } else if (!Files.exists(page) || !Files.readString(page).equals(text)) {
      problems.add("docs/reference/bad-inputs.md is out of step with the tests; run: java config/BadInputTable.java");
    }
    problems.forEach(System.err::println);
    System.exit(problems.isEmpty() ? 0 : 1);
  }

  private static void collect(Path root, Map<Integer, List<String>> tests, Map<Integer, TreeSet<String>> levels)
      throws IOException {
    for (Path source : sources(root)) {
      String text = Files.readString(source);
      String name = source.getFileName().toString().replace(".java", "");
      String level = SOCKET.matcher(text).find() ? "socket" : "unit";
      Matcher matcher = TEST.matcher(text);
      while (matcher.find()) {
        int number = Integer.parseInt(matcher.group(2));
        tests.computeIfAbsent(number, _ -> new ArrayList<>()).add("`%s#%s`".formatted(name, matcher.group(1)));
        levels.computeIfAbsent(number, _ -> new TreeSet<>()).add(level);
      }
    }
  }

  private static List<Path> sources(Path root) throws IOException {
    List<Path> found = new ArrayList<>();
    try (var modules = Files.list(root)) {
      for (Path module : modules.sorted().toList()) {
        Path folder = module.resolve("src/test/java");
        if (Files.isDirectory(folder)) {
          try (var files = Files.walk(folder)) {
            files.filter(f -> f.toString().endsWith(".java")).sorted().forEach(found::add);
          }
        }
      }
    }
    return found;
  }

  private static List<String> problems(Map<Integer, List<String>> tests) {
    List<String> problems = new ArrayList<>();
    for (int number = 1; number <= TITLES.length; number++) {
      if (!tests.containsKey(number) && !AWAITED.contains(number) && !NO_READER.contains(number)) {
        problems.add("bad input %d has no test: %s".formatted(number, TITLES[number - 1]));
      }
    }
    for (int number : tests.keySet()) {
      if (number < 1 || number > TITLES.length) {
        problems.add("there is no bad input %d: %s".formatted(number, tests.get(number)));
      }
    }
    return problems;
  }

  private static String text(Map<Integer, List<String>> tests, Map<Integer, TreeSet<String>> levels) {
    StringBuilder text = new StringBuilder(HEAD);
    for (int number = 1; number <= TITLES.length; number++) {
      String named = NO_READER.contains(number)
          ? "none: this version has no DICOM reader"
          : String.join("<br>", tests.getOrDefault(number, List.of("none yet")));
      String level = String.join(", ", levels.getOrDefault(number, new TreeSet<>(List.of("–"))));
      text.append("| %d | %s | %s | %s |\n".formatted(number, TITLES[number - 1], named, level));
    }
    return text.toString();
  }
}
