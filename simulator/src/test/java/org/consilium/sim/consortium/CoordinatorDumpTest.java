package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.Assumptions;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.identity.Credential;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a thief of a coordinator's disk and of its memory finds: real processes, a heap dump that
 * includes what waits for the garbage collector, and every file. Each search proves that it can
 * find things: what the sum makes, the coordinator's own keys, and, in a sealed study, a site's own
 * integers.
 */
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class CoordinatorDumpTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));
  private static final SiteId LAST = SITES.getLast();
  private static final Duration LONGEST = Duration.ofMinutes(3);

  /** 8 MiB an update: hiding it takes a site long enough to be stopped in the midst of it. */
  private static final int PARAMETERS = 2_000_000;

  private static final Pattern PRIVATE =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END");

  @TempDir static Path folder;
  private static Installation installation;
  private static Supervisor supervisor;
  private static final int SEALED_TRIES = 6;
  private static LocalConsortium.Layout layout;
  private static LocalConsortium consortium;

  @BeforeAll
  static void startConsortium() throws Exception {
    installation = Packaged.installation();
    Assumptions.assumeThat(jcmd()).as("the JDK's jcmd").exists();
    supervisor = new Supervisor(CLOCK, _ -> {});
    layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 256);
    consortium = LocalConsortium.start(installation, layout, CLOCK, supervisor);
    var _ = consortium.await();
    for (SiteId site : SITES) {
      consortium.placeRoundingSecret(site, 1);
    }
    consortium.join(SITES);
    for (SiteId site : SITES) {
      consortium.serve(site, List.of("--data", "synthetic:50"));
    }
  }

  @AfterAll
  static void stopConsortium() {
    if (supervisor != null) {
      supervisor.close();
      consortium.close();
    }
  }

  /** First: what a sealed study leaves in memory must not be found in a masked one's. */
  @Test
  @Order(1)
  void maskedRound_coordinatorsDiskAndHeap_holdNoDeltaAndNoKeyOfASite() throws Exception {
    StudyPlan plan = begin("dump-masked", "masked", 11);
    await(() -> Files.exists(messageOfLast()), "the last site's shares");
    supervisor.signal(LAST.value(), "STOP");
    await(() -> updates("dump-masked").size() >= 2, "the other sites' updates");

    Map<String, byte[]> secrets = secrets();
    Map<String, byte[]> selfMasks = selfMasks();
    Path base = modelOf(plan, 0);
    ByteSearch aggregation = aggregationKey();
    Path early = dump("early", true);
    List<String> atDump = updates("dump-masked");
    String version = version("dump-masked");
    SortedMap<String, Integer> earlyDisk = onDisk(search(plan, base, secrets, selfMasks));

    supervisor.signal(LAST.value(), "CONT");
    await(() -> !version("dump-masked").isEmpty(), "the sum");
    Path late = dump("late", true);
    Path live = dump("live", false);
    SortedMap<String, Integer> lateDisk = onDisk(search(plan, base, secrets, Map.of()));

    assertThat(atDump).as("updates on disk").hasSizeGreaterThanOrEqualTo(2);
    assertThat(version).as("the sum was not made yet").isEmpty();
    assertThat(found(early, search(plan, base, secrets, selfMasks))).isEmpty();
    assertThat(earlyDisk).isEmpty();
    assertThat(found(late, search(plan, base, secrets, Map.of()))).isEmpty();
    assertThat(found(live, search(plan, base, secrets, selfMasks))).isEmpty();
    assertThat(lateDisk).isEmpty();
    Controls controls = controls(plan, base);
    assertThat(found(early, controls.keys)).containsKey("coordinator signing key");
    assertThat(found(late, controls.sum)).containsKey("next version");
    assertThat(onDisk(controls.sum)).containsKey("next version");
    // The key of the envelope around masked vectors is gone with the study.
    await(() -> look("dump-masked").over(), "the end of the study");
    assertThat(found(early, aggregation)).containsKey("aggregation key");
    assertThat(found(dump("over", false), aggregation)).isEmpty();
    assertThat(onDisk(aggregation)).isEmpty();
  }

  /** What was opened for the check is garbage soon: a collection may come before the dump. */
  @Test
  @Order(2)
  void sealedRound_sameSearch_findsASitesIntegers() throws Exception {
    boolean found = false;
    for (int i = 1; i <= SEALED_TRIES && !found; i++) {
      String name = "dump-sealed-" + i;
      StudyPlan plan = begin(name, "sealed", 11 + i);
      await(() -> !look(name).rounds().isEmpty(), "the round");
      supervisor.signal(LAST.value(), "STOP");
      await(() -> updates(name).size() >= 2, "the other sites' updates");
      Path dump = dump(name, true);
      supervisor.signal(LAST.value(), "CONT");
      await(() -> look(name).over(), "the end of the study");

      Path base = modelOf(plan, 0);
      found =
          found(dump, search(plan, base, Map.of(), Map.of())).keySet().stream()
              .anyMatch(what -> what.endsWith(" integers"));
    }
    assertThat(found).as("a site's integers in a dump of %d sealed rounds", SEALED_TRIES).isTrue();
  }

  /**
   * The private keys of coordinator and authority lie in files of their own, which nobody else may
   * read, and in no journal, spool, log or copy.
   */
  @Test
  @Order(3)
  void coordinatorsDisk_itsOwnPrivateKeys_inTheirFilesAlone() throws Exception {
    Map<Path, ByteSearch> owned = new LinkedHashMap<>();
    for (Path file : files()) {
      Optional<byte[]> key = privateKey(file);
      if (key.isPresent()) {
        ByteSearch search = new ByteSearch();
        // Of every kind of key these bytes are its own: what is before them names the kind.
        boolean longer = key.get().length > 48; // Ed25519 has 48, EC keys more
        search.add("in binary", Arrays.copyOfRange(key.get(), longer ? 36 : 16, longer ? 63 : 48));
        search.add(
            "as text",
            Base64.getEncoder()
                .encode(Arrays.copyOfRange(key.get(), longer ? 48 : 18, longer ? 66 : 45)));
        owned.put(file, search);
      }
    }

    // TLS and messages; the authority's issuing key lies on its own disk, sealed.
    assertThat(owned.keySet().stream().map(f -> f.getFileName().toString()))
        .contains("tls.pem", "signing.pem", "relay.pem")
        .doesNotContain("issuing.key");
    Path issuing =
        layout.folder().resolve("consortium").resolve("authority").resolve("issuing.key");
    assertThat(Files.readString(issuing)).startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    for (var entry : owned.entrySet()) {
      List<Path> holders = new ArrayList<>();
      for (Path file : files()) {
        if (!entry.getValue().in(file).isEmpty()) {
          holders.add(file);
        }
      }
      assertThat(holders).containsExactly(entry.getKey());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(entry.getKey())))
          .isEqualTo("rw-------");
    }
  }

  /** PKCS #8 bytes of the private key in a PEM file. */
  private static Optional<byte[]> privateKey(Path file) throws IOException {
    if (Files.size(file) > 1 << 16) {
      return Optional.empty();
    }
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    Matcher matcher = PRIVATE.matcher(text);
    return matcher.find()
        ? Optional.of(Base64.getMimeDecoder().decode(matcher.group(1)))
        : Optional.empty();
  }

  private static StudyPlan begin(String name, String mode, int seed) throws Exception {
    String yaml =
        """
        apiVersion: consilium/v1
        kind: Study
        metadata: {name: %s}
        spec:
          model: {architecture: synthetic, height: 8, width: 8, parameters: %d}
          task: {type: classification, labels: [normal, lesion], metrics: [loss], select: loss}
          algorithm: {name: fedavg, rounds: 1, weighting: uniform}
          training: {localBaseline: false}
          privacy: {mode: %s}
          sites: {include: [north, south, west], quorum: 3, deadline: 10m}
          seed: %d
        """
            .formatted(name, PARAMETERS, mode, seed);
    consortium.approveStudy(name, consortium.create(yaml), SITES);
    await(
        () -> look(name).sites().stream().allMatch(s -> s.decision().equals("ACCEPTED")),
        "the hospitals' answers");
    consortium.startStudy(name);
    // As the hospitals approved it.
    Path approved =
        layout.siteState(LAST).resolve("studies").resolve(name).resolve("proposal.plan");
    return PlanCodec.decode(Files.readAllBytes(approved));
  }

  /** Everything that must not be found. */
  private static ByteSearch search(
      StudyPlan plan, Path base, Map<String, byte[]> secrets, Map<String, byte[]> selfMasks)
      throws Exception {
    ByteSearch search = new ByteSearch();
    for (SiteId site : SITES) {
      int added = update(plan, site, base).addTo(search, site.value());
      assertThat(added).isGreaterThan(PARAMETERS / 64 * 7);
    }
    for (Map<String, byte[]> some : List.of(secrets, selfMasks)) {
      some.forEach((what, bytes) -> assertThat(search.add(what, bytes)).as(what).isTrue());
    }
    return search;
  }

  private static PlainUpdate update(StudyPlan plan, SiteId site, Path base) throws Exception {
    byte[] secret = Files.readAllBytes(layout.siteState(site).resolve("rounding.secret"));
    return PlainUpdate.of(plan, site, secret, base);
  }

  /** What the same search must find. */
  private record Controls(ByteSearch keys, ByteSearch sum) {}

  private static Controls controls(StudyPlan plan, Path base) throws Exception {
    Credential signing = Credential.load(identity(), "signing");
    ByteSearch keys = new ByteSearch();
    keys.add("coordinator signing key", SiteSecrets.scalar(signing.privateKey()));
    int[] sum = new int[PARAMETERS];
    for (SiteId site : SITES) {
      int[] integers = update(plan, site, base).integers();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += integers[i];
      }
    }
    float[] next = PlainUpdate.parameters(base);
    double unit = Math.scalb(1.0, -PlainUpdate.terms(plan).scaleExponent(3));
    for (int i = 0; i < sum.length; i++) {
      next[i] = (float) (next[i] + sum[i] / 3.0 * unit);
    }
    // The integers are the sites' own, or the published version would be another one.
    assertThat(PlainUpdate.parameters(modelOf(plan, 1))).isEqualTo(next);
    ByteSearch sums = new ByteSearch();
    assertThat(PlainUpdate.add(sums, "sum", sum.length, i -> sum[i])).isPositive();
    assertThat(PlainUpdate.floats(sums, "next version", next)).isPositive();
    return new Controls(keys, sums);
  }

  private static Map<String, byte[]> secrets() throws Exception {
    Map<String, byte[]> all = new LinkedHashMap<>();
    for (int i = 0; i < SITES.size(); i++) {
      all.putAll(SiteSecrets.lasting(layout.siteState(SITES.get(i)), SITES.get(i), i));
    }
    return all;
  }

  private static Map<String, byte[]> selfMasks() throws Exception {
    Map<String, byte[]> all = new LinkedHashMap<>();
    for (int i = 0; i < SITES.size(); i++) {
      all.putAll(SiteSecrets.selfMask(layout.siteState(SITES.get(i)), SITES.get(i), i));
    }
    return all;
  }

  private static ByteSearch aggregationKey() throws IOException {
    Path file = layout.coordinatorState().resolve("keys").resolve("dump-masked.aggregation");
    String text = Files.readString(file).strip();
    ByteSearch search = new ByteSearch();
    String encoded = text.substring(text.indexOf('.') + 1);
    search.add("aggregation key", Base64.getUrlDecoder().decode(encoded));
    search.add("aggregation key as text", encoded.getBytes(StandardCharsets.US_ASCII));
    return search;
  }

  /** The coordinator's copy of the shares that the last site has dealt. */
  private static Path messageOfLast() {
    try {
      return files().stream()
          .filter(f -> f.getFileName().toString().startsWith(LAST + ".mask-parcels"))
          .findFirst()
          .orElse(folder.resolve("none"));
    } catch (IOException gone) {
      return folder.resolve("none");
    }
  }

  private static List<Path> files() throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path root : List.of(layout.coordinatorState(), layout.relay(), layout.authority())) {
      try (Stream<Path> walk = Files.walk(root)) {
        all.addAll(walk.filter(Files::isRegularFile).toList());
      } catch (java.io.UncheckedIOException moved) {
        throw moved.getCause();
      }
    }
    for (String process : List.of(LocalConsortium.COORDINATOR, LocalConsortium.AUTHORITY)) {
      all.add(layout.log(process)); // it says much, but no key and no delta
    }
    return all;
  }

  private static SortedMap<String, Integer> onDisk(ByteSearch search) throws IOException {
    SortedMap<String, Integer> found = new TreeMap<>();
    for (Path file : files()) {
      search.in(file).forEach((what, count) -> found.merge(what, count, Integer::sum));
    }
    return found;
  }

  private static SortedMap<String, Integer> found(Path dump, ByteSearch search) throws IOException {
    return search.in(dump);
  }

  /**
   * A dump of the coordinator's heap.
   *
   * @param garbage whether it holds what is not reachable any more, too
   */
  private static Path dump(String name, boolean garbage) throws Exception {
    Path file = folder.resolve(name + ".hprof");
    List<String> command = new ArrayList<>(List.of(jcmd().toString()));
    command.add(Long.toString(supervisor.pid(LocalConsortium.COORDINATOR).orElseThrow()));
    command.add("GC.heap_dump");
    if (garbage) {
      command.add("-all");
    }
    command.add(file.toString());
    Path log = folder.resolve(name + ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(file).as(Files.readString(log)).exists();
    return file;
  }

  private static Path jcmd() {
    return installation.java().resolveSibling("jcmd");
  }

  private static Path identity() {
    return layout.coordinatorState().resolve("identity");
  }

  /** A version's file, as the coordinator serves it. */
  private static Path modelOf(StudyPlan plan, int round) throws Exception {
    Path file = folder.resolve("%s-%d.safetensors".formatted(plan.study(), round));
    consortium
        .api()
        .download("/api/v1/studies/%s/models/%d/file".formatted(plan.study(), round), file);
    return file;
  }

  private static List<String> updates(String study) {
    return look(study).rounds().stream().flatMap(r -> r.weights().keySet().stream()).toList();
  }

  private static String version(String study) {
    return look(study).rounds().stream()
        .map(StudyView.Round::version)
        .filter(version -> version.length() == 64)
        .findFirst()
        .orElse("");
  }

  private static StudyView look(String study) {
    try {
      return consortium.study(study);
    } catch (IOException failed) {
      throw new AssertionError(failed);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new AssertionError(stopped);
    }
  }

  private static void await(BooleanSupplier condition, String what) throws Exception {
    long until = System.nanoTime() + LONGEST.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting for " + what).isLessThan(until);
      Thread.sleep(2);
    }
  }
}
