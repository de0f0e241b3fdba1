package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.consilium.protocol.SiteId;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.sim.consortium.TypedCommands.Said;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An auditor's and a hospital's checks, typed as commands, after a sealed and a masked study that
 * real processes have run.
 */
@Tag("slow")
final class AuditAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final SiteId NORTH = new SiteId("north");
  private static final List<SiteId> SITES = List.of(NORTH, new SiteId("south"), new SiteId("west"));

  /** A comma with an even number of quotes after it. */
  private static final Pattern OUTSIDE_QUOTES =
      Pattern.compile(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)");

  private static final Duration LONG = Duration.ofMinutes(3);
  private static final int CONFLICT = 6; // exit code

  @TempDir static Path folder;
  private static TypedCommands commands;
  private static Supervisor supervisor;
  private static LocalConsortium.Layout layout;
  private static LocalConsortium consortium;
  private static String root;
  private static Path bundle;
  private static Said watched;

  @BeforeAll
  static void runTwoStudies() throws Exception {
    Installation installation = Packaged.installation();
    commands = new TypedCommands(installation);
    supervisor = new Supervisor(CLOCK, _ -> {});
    layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 256);
    consortium =
        LocalConsortium.start(installation, layout, CLOCK, supervisor, List.of("--keep-updates"));
    var _ = consortium.await();
    consortium.join(SITES);
    for (SiteId site : SITES) {
      consortium.serve(site, List.of("--data", "synthetic:100"));
    }
    for (String mode : List.of("sealed", "masked")) {
      consortium.approveStudy(mode, consortium.create(study(mode)), SITES);
      consortium.startStudy(mode);
    }
    for (String mode : List.of("sealed", "masked")) {
      await(mode + " is over", () -> consortium.study(mode).over());
      assertThat(consortium.study(mode).state()).isEqualTo("COMPLETED");
    }
    watched = watchOneThatIsPaused();
    // As an auditor has it: from a person, not from the coordinator.
    Path person = layout.folder().resolve("consortium").resolve("persons").resolve("first.key");
    root = PersonKey.read(person).root().orElseThrow().hex();
    bundle = folder.resolve("consortium.audit");
    await("every site has cosigned", AuditAcceptanceTest::exported);
  }

  /** Before the export: later, its entries would be in hospitals' checkpoints only. */
  private static Said watchOneThatIsPaused() throws Exception {
    String study =
        study("sealed").replace("name: sealed", "name: waits").replace("rounds: 2", "rounds: 900");
    consortium.approveStudy("waits", consortium.create(study), SITES);
    consortium.startStudy("waits");
    Said paused = coordinator("study", "pause", "waits", "--reason", "ethics vote pending");
    assertThat(paused.exit()).as(paused.text()).isZero();
    return coordinator("study", "watch", "waits");
  }

  /** The last checkpoint is made and cosigned soon after a study's end. */
  private static boolean exported() throws IOException, InterruptedException {
    Said export = coordinator("audit", "export", "--out", bundle.toString());
    assertThat(export.exit()).as(export.text()).isZero();
    String text = String.join("\n", lines());
    return SITES.stream().allMatch(s -> text.contains("\"site\":\"" + s + "\""));
  }

  @AfterAll
  static void stop() {
    if (supervisor != null) {
      supervisor.close();
    }
  }

  @Test
  void verify_bundleAlone_isWholeAndNamesItsWitnesses() throws Exception {
    Path north = folder.resolve("north.txt");
    Said seen = node("audit", "--out", north.toString());
    assertThat(seen.exit()).as(seen.text()).isZero();

    Said verdict = verify(bundle, "--against", north.toString());

    assertThat(verdict.exit()).as(verdict.text()).isZero();
    assertThat(verdict.text()).contains("whole").doesNotContain("NOT WHOLE");
    for (SiteId site : SITES) {
      assertThat(verdict.text()).contains("cosigned by " + site);
    }
    assertThat(coordinator("audit", "verify").exit()).isZero();
  }

  @Test
  void badInput_59_bundleTamperedWith_isRefusedAndTheEntryIsNamed() throws Exception {
    List<String> entries = lines().stream().filter(l -> l.contains("\"payload\"")).toList();
    int middle = entries.size() / 2;
    long number = BundleText.number(entries.get(middle));

    List<String> changed = lines();
    changed.replaceAll(l -> l.equals(entries.get(middle)) ? BundleText.flipped(l) : l);
    assertNamed(changed, "the first bad entry is %d".formatted(number));

    List<String> removed = lines();
    removed.remove(entries.get(middle));
    assertNamed(removed, "the first bad entry is %d".formatted(number), "is missing");

    List<String> swapped = lines();
    int at = swapped.indexOf(entries.get(middle));
    Collections.swap(swapped, at, at + 1);
    assertNamed(swapped, "the first bad entry is %d".formatted(number));

    // What no checkpoint covers yet could be cut unseen; the last entry that one covers cannot.
    long last = Math.min(covered(), BundleText.number(entries.getLast()));
    List<String> cut = lines();
    cut.removeIf(l -> l.contains("\"payload\"") && BundleText.number(l) >= last);
    cut.replaceAll(l -> l.contains("\"end\"") ? "{\"end\":%d}".formatted(last - 1) : l);
    assertNamed(cut, "the first bad entry is %d".formatted(last), "was cut off");
  }

  @Test
  void badInput_59_fileCutOrFlipped_isRefusedTyped() throws Exception {
    byte[] whole = Files.readAllBytes(bundle);
    Path half =
        Files.write(folder.resolve("half.audit"), java.util.Arrays.copyOf(whole, whole.length / 2));
    byte[] flipped = whole.clone();
    flipped[whole.length / 2] ^= 1;
    Path damaged = Files.write(folder.resolve("flipped.audit"), flipped);

    for (Path file : List.of(half, damaged)) {
      Said verdict = verify(file);
      assertThat(verdict.exit()).as(verdict.text()).isEqualTo(1);
      assertThat(verdict.text()).containsPattern("CS-AUDIT-00[12]").doesNotContain("\tat ");
    }
  }

  @Test
  void badInput_59_checkpointOfAnotherRoot_isRefusedAndNamed() throws Exception {
    SignedCheckpoint foreign = BundleText.foreign(folder.resolve("strangers"));
    Path stranger = Files.writeString(folder.resolve("stranger.txt"), foreign.text());
    List<String> planted = lines();
    planted.add(1, BundleText.row(foreign));

    Said kept = verify(bundle, "--against", stranger.toString());
    Said inside = verify(BundleText.written(folder, planted));
    Said other =
        coordinator("audit", "verify", "--bundle", bundle.toString(), "--root", "ab".repeat(32));

    assertThat(kept.exit()).isEqualTo(1);
    assertThat(kept.text()).contains("CS-AUDIT-001", "stranger.txt");
    assertThat(inside.exit()).isEqualTo(1);
    assertThat(inside.text()).contains("CS-AUDIT-001", "checkpoint 1: ");
    assertThat(other.exit()).isEqualTo(1);
    assertThat(other.text()).contains("the root in the bundle is " + root.substring(0, 8));
  }

  @Test
  void replay_ofBothModes_provesTheDigestsAndAFlippedByteNamesSiteAndRound() throws Exception {
    for (String mode : List.of("sealed", "masked")) {
      Said proven = coordinator("study", "replay", mode);
      assertThat(proven.exit()).as(proven.text()).isZero();
      for (StudyView.Round round : consortium.study(mode).rounds()) {
        assertThat(proven.text()).contains(round.version());
      }

      Path update = spool(mode).resolve("2-1/south.sealed");
      flip(update, Files.size(update) / 2);
      Said broken = coordinator("study", "replay", mode);
      flip(update, Files.size(update) / 2);

      assertThat(broken.exit()).as(broken.text()).isEqualTo(1);
      assertThat(broken.text())
          .contains("CS-AUDIT-005", "study %s: round 2 is not proven".formatted(mode), "site south")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void replay_messageOfMaskingChanged_namesSiteAndRound() throws Exception {
    List<Path> messages;
    try (Stream<Path> files = Files.list(spool("masked").resolve("1-1"))) {
      messages =
          files
              .filter(
                  f ->
                      f.getFileName()
                          .toString()
                          .matches("north\\.mask-(keys|parcels|release)-\\p{XDigit}+"))
              .sorted()
              .toList();
    }
    assertThat(messages).hasSize(3);
    for (Path message : messages) {
      flip(message, Files.size(message) / 2);
      Said broken = coordinator("study", "replay", "masked");
      flip(message, Files.size(message) / 2);

      assertThat(broken.exit()).as("%s: %s", message, broken.text()).isEqualTo(1);
      assertThat(broken.text())
          .as(message.toString())
          .contains("CS-AUDIT-005", "round 1 is not proven", "site north");
    }
  }

  @Test
  void ledger_verifiedAndExported_sumsAgreeAndAChangedLineIsRefused() throws Exception {
    Path file = layout.siteState(NORTH).resolve("ledger.jsonl");
    Said csv = node("ledger", "--verify", "--export", "csv");
    long bytes = 0;
    List<String> written = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      written.add(line);
      bytes += MAPPER.readTree(line).path("detail").path("bytes").asLong();
    }

    assertThat(csv.exit()).as(csv.text()).isZero();
    List<String> rows = csv.text().lines().toList();
    List<String> header = List.of(rows.getFirst().split(",", -1));
    int column = header.indexOf("bytes");
    assertThat(header).startsWith("seq", "time", "kind").contains("study", "sha256");
    List<List<String>> cells =
        rows.stream().skip(1).map(r -> List.of(OUTSIDE_QUOTES.split(r, -1))).toList();
    assertThat(cells).allMatch(c -> c.size() == header.size());
    // The node serves on: a line may have come since.
    assertThat(written.size()).isGreaterThanOrEqualTo(cells.size()).isGreaterThan(10);
    assertThat(cells.stream().map(c -> Long.parseLong(c.get(column))).mapToLong(x -> x).sum())
        .isEqualTo(sum(written.subList(0, cells.size())))
        .isLessThanOrEqualTo(bytes)
        .isPositive();

    int time = header.indexOf("time");
    assertThat(digests(cells.stream().map(c -> c.get(time).substring(0, 10)).distinct().toList()))
        .contains("site north", "sealed update 2 ", "masked masked-update 2 ", "\nsignature ");

    Path copy = Files.createDirectories(folder.resolve("copy"));
    List<String> changed = new ArrayList<>(written);
    changed.set(4, changed.get(4).replaceFirst("\"bytes\":\\d+", "\"bytes\":1"));
    Files.write(copy.resolve("ledger.jsonl"), changed);
    Said refused =
        commands.run(
            "site-node",
            "node",
            "ledger",
            "--verify",
            "--export",
            "csv",
            "--state",
            copy.toString());
    assertThat(refused.exit()).as(refused.text()).isEqualTo(1);
    assertThat(refused.text())
        .contains("CS-NODE-001", "entry 4 is not intact; 4 entries before it are")
        .doesNotContain("seq,time");
  }

  @Test
  void watch_studyThatIsPaused_saysWhyAndEnds() throws Exception {
    assertThat(consortium.study("waits").state()).isEqualTo("PAUSED");
    assertThat(watched.exit()).as(watched.text()).isEqualTo(CONFLICT);
    assertThat(watched.text())
        .contains("PAUSED", "CS-STUDY-011", "ethics vote pending", "study resume waits");
  }

  /** The digests of these days, UTC, in one text: a run may begin before midnight and end after. */
  private String digests(List<String> days) throws Exception {
    StringBuilder all = new StringBuilder();
    for (String day : days) {
      Said said = node("ledger", "--digest", day);
      if (said.exit() == CONFLICT) { // the day is not over
        said = node("ledger", "--digest", "today");
      }
      assertThat(said.exit()).as("%s: %s", day, said.text()).isZero();
      all.append(said.text()).append('\n');
    }
    return all.toString();
  }

  private static long sum(List<String> lines) throws IOException {
    long bytes = 0;
    for (String line : lines) {
      bytes += MAPPER.readTree(line).path("detail").path("bytes").asLong();
    }
    return bytes;
  }

  private static List<String> lines() throws IOException {
    return BundleText.lines(bundle);
  }

  /** Entries of the last checkpoint that a hospital saw. */
  private static long covered() throws Exception {
    Path north = folder.resolve("covered.txt");
    assertThat(node("audit", "--out", north.toString()).exit()).isZero();
    byte[] body = SignedCheckpoint.parse(Files.readString(north)).body();
    return Checkpoint.parse(body).head().size();
  }

  private static void assertNamed(List<String> lines, String... parts) throws Exception {
    Said verdict = verify(BundleText.written(folder, lines));
    assertThat(verdict.exit()).as(verdict.text()).isEqualTo(1);
    assertThat(verdict.text()).contains("CS-AUDIT-001").contains(parts).doesNotContain("\tat ");
  }

  private static Said verify(Path file, String... more) throws IOException, InterruptedException {
    List<String> line =
        new ArrayList<>(List.of("audit", "verify", "--bundle", file.toString(), "--root", root));
    line.addAll(List.of(more));
    return commands.run("coordinator", line.toArray(String[]::new));
  }

  private static Said coordinator(String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(arguments));
    line.addAll(List.of("--state", layout.coordinatorState().toString()));
    return commands.run("coordinator", line.toArray(String[]::new));
  }

  private static Said node(String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("node"));
    line.addAll(List.of(arguments));
    line.addAll(List.of("--state", layout.siteState(NORTH).toString()));
    return commands.run("site-node", line.toArray(String[]::new));
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int before = bytes.read();
      bytes.seek(at);
      bytes.write(before ^ 1);
    }
  }

  private static Path spool(String study) {
    return layout.coordinatorState().resolve("spool").resolve(study);
  }

  private interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  private static void await(String what, Condition condition)
      throws IOException, InterruptedException {
    Instant until = CLOCK.instant().plus(LONG);
    while (!condition.holds()) {
      consortium.failIfGivenUp();
      assertThat(CLOCK.instant()).as("waiting until " + what).isBefore(until);
      Thread.sleep(200);
    }
  }

  private static String study(String mode) {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: Rounds to be audited}
    spec:
      model:     {architecture: synthetic, height: 8, width: 8, parameters: 20000}
      task:      {type: classification, labels: [negative, positive]}
      algorithm: {name: fedavg, rounds: 2}
      training:  {localBaseline: false}
      privacy:   {mode: %s}
      sites:     {include: [north, south, west], quorum: 3, deadline: 5m}
      drift:     {detector: none}
      seed: 1
    """
        .formatted(mode, mode);
  }
}
