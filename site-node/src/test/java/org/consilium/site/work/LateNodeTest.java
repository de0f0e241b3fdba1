package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Late;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.Approval;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.CohortCounts;
import org.consilium.site.protect.Consortium;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.protect.witness.Distrust;
import org.consilium.site.session.Answer;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.Halt;
import org.consilium.site.train.EngineTrainer;
import org.consilium.site.train.KeptDelta;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.upload.ModelFetcher;
import org.consilium.site.upload.UpdateUploader;
import org.consilium.site.validate.LocalValidator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node does with updates that come late, and outside its hours, over real sockets. */
@SuppressWarnings("NullAway.Init") // each test starts a node of its own
final class LateNodeTest {
  private static final Instant NOON = Instant.parse("2026-06-01T12:00:00Z");
  private static final Duration SHORT = Duration.ofMillis(5);
  private static final Late.Carry CARRY = new Late.Carry(1, 0.5);
  private static final Status LATE =
      Status.FAILED_PRECONDITION.withDescription("LATE: round 1, attempt 1 is over");
  private static final Status COUNTED =
      Status.ALREADY_EXISTS.withDescription("COUNTED: it is in a sum already");

  @TempDir Path folder;

  private final AtomicReference<Instant> now = new AtomicReference<>(NOON);
  private final InstantSource clock = now::get;
  private StudyPlan plan = plan(Late.DISCARD);
  private Digest planDigest = Digest.sha256(new byte[0]);
  private ParameterLayout layout = Catalogue.require(plan.model()).layout();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final List<Answer> said = new CopyOnWriteArrayList<>();
  private final Halt halt = new Halt();
  private LyingCoordinator coordinator;
  private Consortium consortium;
  private EgressLedger ledger;
  private Desk desk;
  private Thread thread;

  /** What happens elsewhere as soon as the node trains, before it goes on. */
  private volatile Runnable atTraining = () -> {};

  private void hear(Answer answer) {
    said.add(answer);
    if (isTraining(answer)) {
      atTraining.run();
    }
  }

  /** Starts a node with this plan, under these house rules. */
  private void serve(Late late, String rules) throws Exception {
    plan = plan(late);
    byte[] planBytes = PlanCodec.encode(plan);
    planDigest = Digest.sha256(planBytes);
    layout = Catalogue.require(plan.model()).layout();
    Files.writeString(folder.resolve("policy.yaml"), rules);
    consortium = new Consortium(folder.resolve("ca"));
    ledger = EgressLedger.open(folder.resolve("ledger.jsonl"), clock, _ -> {});
    PolicyFile policy = new PolicyFile(folder.resolve("policy.yaml"), clock);
    EgressGate gate =
        new EgressGate(
            ledger,
            new EgressGate.Checks(
                () -> Files.exists(folder.resolve("p")),
                new StudyConsent(folder.resolve("studies"), distrust(), policy, clock),
                EgressGate.Budget.NOTHING_SPENT,
                Canaries.none()),
            clock,
            held -> log.add("held: " + held.getMessage()));
    coordinator = new LyingCoordinator(folder.resolve("tls"), gate);
    policy.record(
        new Approval(
            new Approval.Subject.Exact(plan.study(), planDigest), true, 2, 500, Optional.empty()));
    EngineSettings engine = EngineSettings.reproducible();
    var self = consortium.north();
    desk =
        new Desk(
            new Tools(
                new Tools.Place(
                    Consortium.NORTH, folder.resolve("studies"), folder.resolve("p"), distrust()),
                policy,
                new CohortSpec("synthetic:50", Optional.empty()).open(),
                new Tools.Training(new EngineTrainer(engine, clock), new SyntheticTrainer()),
                new LocalValidator(engine),
                new Tools.Exit(
                    new UpdateProtector(self, consortium.chains(), 1),
                    new ReportProtector(self),
                    new CohortCounts(folder.resolve("counts"), clock)),
                coordinator.masking(folder.resolve("studies"), consortium, log::add),
                new Tools.Transfer(
                    Outbox.open(folder.resolve("outbox"), self.key().verifyingKey()),
                    new UpdateUploader(
                        coordinator.link(), ledger, backoff(), clock, Duration.ofSeconds(5)),
                    new ModelFetcher(
                        coordinator.link(),
                        folder.resolve("cache"),
                        backoff(),
                        clock,
                        Duration.ofSeconds(5))),
                ledger,
                new NodeMetrics("0.1.0", "cpu"),
                clock,
                log::add));
    coordinator.honest = true;
    thread = Thread.ofPlatform().start(() -> desk.run(this::hear, halt));
    desk.proposal(planBytes, plan, planDigest);
  }

  private static Backoff backoff() {
    return new Backoff(new SplittableRandom(1), SHORT);
  }

  @AfterEach
  void stop() throws Exception {
    halt.halt();
    thread.join();
    coordinator.close();
    ledger.close();
  }

  @Test
  void late_carried_sameDeltaAsTheUpdateOfTheNextRound() throws Exception {
    serve(CARRY, "minSites: 2\n");
    coordinator.refusals.add(LATE);
    RoundTask first = train(1, model(1f));
    desk.task(first);
    await(() -> log.stream().anyMatch(l -> l.contains("late:")));
    assertThat(kept().origin().orElseThrow().round()).isEqualTo(1);

    desk.task(train(2, model(2f)));
    await(() -> done() == 1);

    UpdateManifest own = coordinator.announced.get(0);
    UpdateManifest carried = coordinator.announced.get(1);
    assertThat(carried.round().number()).isEqualTo(2);
    assertThat(carried.origin()).isEqualTo(1);
    assertThat(carried.base()).isEqualTo(first.model().version());
    assertThat(carried.weight()).isEqualTo(CARRY.weight(own.weight(), 1));
    assertThat(carried.norm()).isEqualTo(own.norm()); // of the very same delta
    assertThat(said.stream().filter(LateNodeTest::isTraining)).hasSize(1);
    assertThat(kept().origin()).isEmpty();
    assertThat(refusedWords()).isEmpty();
  }

  @Test
  void late_countedAlready_isDroppedAndTheRoundTrained() throws Exception {
    serve(CARRY, "minSites: 2\n");
    coordinator.refusals.addAll(List.of(LATE, COUNTED));
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("late:")));

    desk.task(train(2, model(2f)));
    await(() -> done() == 1);

    // A slow machine announces the last one more than once.
    assertThat(coordinator.announced).extracting(UpdateManifest::origin).startsWith(0, 1, 0);
    assertThat(coordinator.announced).filteredOn(m -> m.origin() == 1).hasSize(1);
    assertThat(said.stream().filter(LateNodeTest::isTraining)).hasSize(2);
    assertThat(kept().origin()).isEmpty();
  }

  @Test
  void late_keptDeltaDamagedOnTheDisk_isDroppedAndTheRoundTrained() throws Exception {
    serve(CARRY, "minSites: 2\n");
    coordinator.refusals.add(LATE);
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("late:")));
    Path file = folder.resolve("studies/%s/kept-delta.safetensors".formatted(plan.study().value()));
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 0x40; // the highest bit of the last value's exponent
    Files.write(file, bytes);
    assertThat(kept().origin()).isPresent(); // its header does not tell

    desk.task(train(2, model(2f)));
    await(() -> done() == 1);

    assertThat(coordinator.announced).extracting(UpdateManifest::origin).containsOnly(0);
    assertThat(said.stream().filter(LateNodeTest::isTraining)).hasSize(2);
    assertThat(log)
        .filteredOn(l -> l.contains("the kept delta of round 1 is damaged on the disk"))
        .hasSize(1);
  }

  @Test
  void late_olderThanThePlanCarries_isDropped() throws Exception {
    serve(CARRY, "minSites: 2\n");
    coordinator.refusals.add(LATE);
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("late:")));

    desk.task(train(3, model(3f)));
    await(() -> done() == 1);

    assertThat(coordinator.announced.getLast().origin()).isZero();
    assertThat(said.stream().filter(LateNodeTest::isTraining)).hasSize(2);
  }

  @Test
  void late_discarded_onlyTheSealedBytesAreKeptAndOnlyUntilTheNextTask() throws Exception {
    serve(Late.DISCARD, "minSites: 2\n");
    coordinator.refusals.add(LATE);
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("late: FAILED_PRECONDITION: LATE")));
    assertThat(kept().origin()).isEmpty();

    desk.task(train(1, model(1f))); // the round lost another site's update and asks again
    await(() -> done() == 1);
    assertThat(coordinator.announced).hasSizeGreaterThanOrEqualTo(2);
    assertThat(coordinator.announced).containsOnly(coordinator.announced.getFirst());
    assertThat(said.stream().filter(LateNodeTest::isTraining)).hasSize(1);

    desk.task(train(2, model(2f)));
    await(() -> done() == 2);
    assertThat(coordinator.announced.getLast().origin()).isZero();
    assertThat(folder.resolve("outbox")).isDirectoryNotContaining("glob:**.r1");
  }

  @Test
  void hours_taskOutsideThem_waitsAndIsBegunWhenTheyBegin() throws Exception {
    serve(Late.DISCARD, "hours: {windows: [\"20:30-06:00\"]}\n");
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("waits: outside hours")));
    Instant opening = Instant.parse("2026-06-01T20:30:00Z");
    assertThat(hours())
        .containsExactly(new Answer.Hours(plan.study(), false, Optional.of(opening)));

    now.set(opening);
    RoundTask again = train(1, model(1f)); // the coordinator says it again
    desk.task(again);
    await(() -> done() == 1);

    assertThat(hours().getLast().open()).isTrue();
    assertThat(refusedWords()).isEmpty();
  }

  @Test
  void hours_endInTheMiddleOfTraining_pausesAndGoesOn() throws Exception {
    serve(Late.DISCARD, "hours: {windows: [\"11:00-13:00\"], tellOpening: false}\n");
    atTraining = () -> now.set(NOON.plus(Duration.ofHours(2)));
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.contains("pauses:")));
    await(() -> hours().contains(new Answer.Hours(plan.study(), false, Optional.empty())));
    assertThat(coordinator.announced).isEmpty();

    now.set(NOON.plus(Duration.ofHours(23)));
    await(() -> done() == 1);
  }

  @Test
  void hours_endInTheMiddle_finishLetsItFinish() throws Exception {
    serve(Late.DISCARD, "hours: {windows: [\"11:00-13:00\"], atClose: finish}\n");
    atTraining = () -> now.set(NOON.plus(Duration.ofHours(2)));

    desk.task(train(1, model(1f)));
    await(() -> done() == 1);

    await(() -> hours().size() == 1 && !hours().getFirst().open());
  }

  private KeptDelta kept() {
    return KeptDelta.in(folder.resolve("studies").resolve(plan.study().value()));
  }

  private List<Answer.Hours> hours() {
    return said.stream()
        .filter(Answer.Hours.class::isInstance)
        .map(Answer.Hours.class::cast)
        .toList();
  }

  private List<Why> refusedWords() {
    return said.stream()
        .filter(Answer.Progress.class::isInstance)
        .flatMap(a -> ((Answer.Progress) a).refusal().stream())
        .toList();
  }

  private Distrust distrust() {
    return new Distrust(folder.resolve("audit"));
  }

  private static StudyPlan plan(Late late) {
    StudyPlan p = Consortium.plan();
    StudyPlan.Participation who = p.participation();
    return new StudyPlan(
        p.study(),
        p.title(),
        p.model(),
        p.foundation(),
        p.task(),
        p.tuning(),
        p.training(),
        p.aggregation(),
        p.protection(),
        new StudyPlan.Participation(who.sites(), who.quorum(), who.deadline(), late),
        p.monitoring(),
        p.labels(),
        p.select(),
        p.seed(),
        p.rounds());
  }

  private RoundTask train(int round, RoundTask.ModelReference model) {
    RoundTask sample = consortium.task(layout, 1);
    return new RoundTask(
        sample.kind(),
        sample.study(),
        planDigest,
        round,
        1,
        0,
        model,
        Duration.ofHours(30),
        sample.terms());
  }

  /** Publishes a model with every parameter of one value. */
  private RoundTask.ModelReference model(float value) throws Exception {
    Path file = folder.resolve("model-%s.safetensors".formatted(value));
    float[] values = new float[Math.toIntExact(layout.length())];
    Arrays.fill(values, value);
    Digest digest;
    try (SafetensorsWriter out = SafetensorsWriter.create(file, layout, Map.of())) {
      out.write(values, 0, values.length);
      digest = out.finish();
    }
    coordinator.models.put(ByteString.copyFrom(digest.bytes()), Files.readAllBytes(file));
    return new RoundTask.ModelReference(
        new ModelVersion(digest), Files.size(file), layout.digest());
  }

  private long done() {
    return said.stream()
        .filter(a -> a instanceof Answer.Progress p && p.phase() == Answer.Phase.DONE)
        .count();
  }

  private static boolean isTraining(Answer answer) {
    return answer instanceof Answer.Progress p && p.phase() == Answer.Phase.TRAINING;
  }

  private void await(BooleanSupplier condition) {
    long limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > limit) {
        throw new AssertionError("nothing happened for 20 seconds: " + log);
      }
      LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
    }
  }
}
