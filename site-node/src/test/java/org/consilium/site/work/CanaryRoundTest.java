package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ops.MetricsServer;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.Approval;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.CohortCounts;
import org.consilium.site.protect.Consortium;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.protect.witness.Distrust;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorSession;
import org.consilium.site.session.Halt;
import org.consilium.site.train.EngineTrainer;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.upload.ModelFetcher;
import org.consilium.site.upload.UpdateUploader;
import org.consilium.site.validate.LocalValidator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole round of one node on cases that are full of a patient's name and record number. */
final class CanaryRoundTest {
  private static final String NAME = "ZyxwvQuirin";
  private static final String DICOM_NAME = "Zyxwv^Quirin";
  private static final String NUMBER = "00471199X";
  private static final int CASES = 48;

  @TempDir Path temporary;

  private final InstantSource clock = InstantSource.system();
  private final List<String> log = new CopyOnWriteArrayList<>();

  private static Distrust distrust(Path folder) {
    return new Distrust(folder.resolve("audit"));
  }

  @Test
  void badInput_56_canariesInEveryPlace_neverLeave() throws Exception {
    Path folder = Files.createDirectories(temporary.resolve("of-" + NAME));
    Path cases = plant(folder.resolve("cases-" + NUMBER));
    Files.createDirectories(folder.resolve("windows-" + NAME));
    Files.writeString(
        folder.resolve("windows-" + NAME).resolve("window-0001.npz"), DICOM_NAME + NUMBER);
    Consortium consortium = new Consortium(folder.resolve("ca"));
    PolicyFile policy = new PolicyFile(folder.resolve("policy.yaml"), clock);
    StudyPlan plan = plan();
    byte[] planBytes = PlanCodec.encode(plan);
    Digest digest = Digest.sha256(planBytes);
    policy.record(
        new Approval(
            new Approval.Subject.Exact(plan.study(), digest), true, 2, 9, Optional.empty()));
    NodeMetrics metrics = new NodeMetrics("0.1.0", "cpu");

    try (EgressLedger ledger =
        EgressLedger.open(
            folder.resolve("ledger.jsonl"),
            clock,
            e -> metrics.egress(e.study(), e.kind().word(), e.bytes()))) {
      EgressGate gate =
          new EgressGate(
              ledger,
              new EgressGate.Checks(
                  () -> false,
                  new StudyConsent(folder.resolve("studies"), distrust(folder), policy, clock),
                  EgressGate.Budget.NOTHING_SPENT,
                  Canaries.none()),
              clock,
              held -> log.add("held: " + held.getMessage()));
      try (LyingCoordinator coordinator = new LyingCoordinator(folder.resolve("tls"), gate);
          MetricsServer server = MetricsServer.start(metrics, 0)) {
        coordinator.honest = true;
        Node node = node(folder, cases, consortium, policy, coordinator, ledger, metrics);
        node.start();
        node.desk().proposal(planBytes, plan, digest);
        await(() -> log.stream().anyMatch(l -> l.contains("accepted with")));

        RoundTask.ModelReference model = publish(folder, plan, coordinator);
        node.desk().task(train(consortium, plan, digest, model));
        await(() -> log.stream().anyMatch(l -> l.contains("bytes") && l.contains("accepted,")));
        node.desk().task(validate(plan, digest, 0, model));
        await(() -> log.stream().anyMatch(l -> l.contains("report sent")));
        node.desk().task(validate(plan, digest, 1, model));
        await(() -> log.stream().anyMatch(l -> l.contains("window 1 refused")));
        node.stop();

        assertThat(coordinator.reports.get()).isEqualTo(1);
        assertThat(coordinator.wire).hasSizeGreaterThan(8);
        coordinator.wire.forEach(CanaryRoundTest::clean);
        clean(scrape(server.port()));
      }
    }
    clean(Files.readAllBytes(folder.resolve("ledger.jsonl")));
    log.forEach(line -> clean(line.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void badInput_56_exceptionThatNamesAPatient_isScrubbedFromTheLog() throws IOException {
    Path words = temporary.resolve("canaries.txt");
    Files.writeString(words, "# planted\n" + NAME + "\n" + NUMBER + "\n");
    Canaries canaries = Canaries.of(words);
    String failure =
        "read %s: no such file (%s, %s)"
            .formatted(
                temporary.resolve(NAME + "-" + NUMBER + ".png"), DICOM_NAME, "1.2.840.1.2.3.4.5");

    String line = canaries.scrub(failure);

    clean(line.getBytes(StandardCharsets.UTF_8));
    assertThat(line).contains("no such file ([removed], [removed])");
  }

  /** A node's desk and session over real sockets. */
  private record Node(Desk desk, CoordinatorSession session, Halt halt, List<Thread> threads) {
    void start() {
      threads.add(Thread.ofPlatform().start(() -> desk.run(session::say, halt)));
      threads.add(Thread.ofPlatform().start(() -> session.run(halt, backoff())));
    }

    void stop() throws InterruptedException {
      halt.halt();
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private Node node(
      Path folder,
      Path cases,
      Consortium consortium,
      PolicyFile policy,
      LyingCoordinator coordinator,
      EgressLedger ledger,
      NodeMetrics metrics)
      throws IOException {
    EngineSettings engine = EngineSettings.reproducible();
    var self = consortium.north();
    Duration limit = Duration.ofSeconds(10);
    Desk desk =
        new Desk(
            new Tools(
                new Tools.Place(
                    Consortium.NORTH,
                    folder.resolve("studies"),
                    folder.resolve("p"),
                    distrust(folder)),
                policy,
                new CohortSpec(cases.toString(), Optional.of(folder.resolve("windows-" + NAME)))
                    .open(),
                new Tools.Training(new EngineTrainer(engine, clock), new SyntheticTrainer()),
                new LocalValidator(engine),
                new Tools.Exit(
                    new UpdateProtector(self, consortium.chains(), 1),
                    new ReportProtector(self),
                    new CohortCounts(folder.resolve("counts"), clock)),
                coordinator.masking(folder.resolve("studies"), consortium, log::add),
                new Tools.Transfer(
                    Outbox.open(folder.resolve("outbox"), self.key().verifyingKey()),
                    new UpdateUploader(coordinator.link(), ledger, backoff(), clock, limit),
                    new ModelFetcher(
                        coordinator.link(), folder.resolve("cache"), backoff(), clock, limit)),
                ledger,
                metrics,
                clock,
                log::add));
    CoordinatorSession session = coordinator.session(desk, folder.resolve("audit"), clock);
    return new Node(desk, session, new Halt(), new CopyOnWriteArrayList<>());
  }

  private static Backoff backoff() {
    return new Backoff(new SplittableRandom(1), Duration.ofMillis(5));
  }

  /** Pictures whose names, metadata, patients and label words are the patient's. */
  private static Path plant(Path cases) throws IOException {
    Files.createDirectories(cases);
    StringBuilder table = new StringBuilder("path,label,patient,split,stratum_ward\n");
    for (int i = 0; i < CASES; i++) {
      String name = "%s-%s-%d.png".formatted(NAME, NUMBER, i);
      BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
      for (int p = 0; p < 256; p++) {
        image.getRaster().setSample(p % 16, p / 16, 0, (p * 7 + 40 * (i % 2) + 3 * i) % 256);
      }
      Files.write(cases.resolve(name), described(image));
      table.append(
          "%s,%d,%s-%s-%d,%s,%s%n"
              .formatted(name, i % 2, NAME, NUMBER, i, i < CASES / 2 ? "train" : "val", NAME));
    }
    Files.writeString(cases.resolve("index.csv"), table);
    Files.writeString(cases.resolve("labels.txt"), "no\n" + NAME + "\n");
    return cases;
  }

  /** A PNG with the patient's name as a text chunk before its end. */
  private static byte[] described(BufferedImage image) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(image, "png", png);
    byte[] whole = png.toByteArray();
    byte[] text =
        ("tEXtPatientName\0" + DICOM_NAME + " " + NUMBER).getBytes(StandardCharsets.ISO_8859_1);
    CRC32 crc = new CRC32();
    crc.update(text);
    ByteBuffer result = ByteBuffer.allocate(whole.length + text.length + 8);
    result.put(whole, 0, whole.length - 12).putInt(text.length - 4).put(text);
    result.putInt((int) crc.getValue()).put(whole, whole.length - 12, 12);
    return result.array();
  }

  private static StudyPlan plan() {
    StudyPlan plan = Consortium.plan();
    return new StudyPlan(
        plan.study(),
        plan.title(),
        new ModelSpec("vit-test", 1, 16, 16, 1, 0),
        Optional.empty(),
        plan.task(),
        plan.tuning(),
        plan.training(),
        plan.aggregation(),
        plan.protection(),
        plan.participation(),
        new StudyPlan.Monitoring("cusum", 1, 52, 1, "alert"),
        plan.labels(),
        plan.select(),
        plan.seed(),
        plan.rounds());
  }

  private static RoundTask.ModelReference publish(
      Path folder, StudyPlan plan, LyingCoordinator coordinator) throws IOException {
    Path file = folder.resolve("model.safetensors");
    Digest digest =
        SafetensorsWriter.save(file, Catalogue.require(plan.model()).initial(7), Map.of());
    coordinator.models.put(ByteString.copyFrom(digest.bytes()), Files.readAllBytes(file));
    return new RoundTask.ModelReference(
        new ModelVersion(digest),
        Files.size(file),
        Catalogue.require(plan.model()).layout().digest());
  }

  private static RoundTask train(
      Consortium consortium, StudyPlan plan, Digest digest, RoundTask.ModelReference model) {
    ParameterLayout layout = Catalogue.require(plan.model()).layout();
    RoundTask sample = consortium.task(layout, 1);
    return new RoundTask(
        sample.kind(), plan.study(), digest, 1, 1, 0, model, sample.remaining(), sample.terms());
  }

  private static RoundTask validate(
      StudyPlan plan, Digest digest, int window, RoundTask.ModelReference model) {
    return new RoundTask(
        RoundTask.Kind.VALIDATE,
        plan.study(),
        digest,
        1,
        1,
        window,
        model,
        Duration.ofMinutes(1),
        Optional.empty());
  }

  private static byte[] scrape(int port) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/metrics".formatted(port)))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray())
          .body();
    }
  }

  private static void clean(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    for (String canary : List.of(NAME, DICOM_NAME, NUMBER)) {
      assertThat(text).doesNotContain(canary.toLowerCase(Locale.ROOT));
    }
  }

  private void await(BooleanSupplier condition) throws InterruptedException {
    long limit = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > limit) {
        throw new AssertionError("nothing happened for 60 seconds: " + log);
      }
      Thread.sleep(5);
    }
  }
}
