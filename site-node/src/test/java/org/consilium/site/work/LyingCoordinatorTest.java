package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.GetRosterRequest;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.Approval;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.SitePolicy;
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
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.CoordinatorLink.Endpoint;
import org.consilium.site.session.CoordinatorSession;
import org.consilium.site.session.Halt;
import org.consilium.site.train.EngineTrainer;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.upload.ModelFetcher;
import org.consilium.site.upload.UpdateUploader;
import org.consilium.site.validate.LocalValidator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a site does not do for a coordinator that lies, over real sockets. */
final class LyingCoordinatorTest {
  static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final Duration SHORT = Duration.ofMillis(5);

  @TempDir Path folder;

  private final InstantSource clock = InstantSource.fixed(NOW);
  private final StudyPlan plan = Consortium.plan();
  private final byte[] planBytes = PlanCodec.encode(plan);
  private final Digest planDigest = Digest.sha256(planBytes);
  private final ParameterLayout layout = Catalogue.require(plan.model()).layout();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final List<Answer> said = new CopyOnWriteArrayList<>();
  private final Halt halt = new Halt();
  private LyingCoordinator coordinator;
  private Consortium consortium;
  private EgressLedger ledger;
  private PolicyFile policy;
  private Desk desk;
  private Thread thread;

  @BeforeEach
  void serve() throws Exception {
    consortium = new Consortium(folder.resolve("ca"));
    ledger = EgressLedger.open(folder.resolve("ledger.jsonl"), clock, _ -> {});
    policy = new PolicyFile(folder.resolve("policy.yaml"), clock);
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
    thread = Thread.ofPlatform().start(() -> desk.run(this::hear, halt));
    desk.proposal(planBytes, plan, planDigest);
  }

  /** Whether people pause the node as soon as it trains. */
  private volatile boolean pausesAtTraining;

  /** What happens elsewhere as soon as the node trains, before it goes on. */
  private volatile Event atTraining = () -> {};

  private interface Event {
    void happen() throws java.io.IOException;
  }

  private void hear(Answer answer) throws java.io.IOException {
    said.add(answer);
    if (isTraining(answer)) {
      atTraining.happen();
    }
    if (pausesAtTraining && isTraining(answer)) {
      Files.createFile(folder.resolve("p"));
    }
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

  /** Of several addresses nobody listens at the first, as a standby does not. */
  @Test
  void link_standbyFirst_goesOnToTheNextAndTurnsToEach() throws Exception {
    try (CoordinatorLink link = coordinator.linkTo("127.0.0.1:1, localhost")) {
      for (int turn = 0; turn < 3; turn++) {
        assertThat(
                CoordinationGrpc.newBlockingStub(link.channel())
                    .withDeadlineAfter(30, TimeUnit.SECONDS)
                    .getRoster(GetRosterRequest.getDefaultInstance()))
            .isEqualTo(coordinator.roster);
        link.elsewhere();
      }
    }
  }

  @Test
  void endpoint_severalHosts_areReadWithTheirPorts() {
    assertThat(new Endpoint("a.example.org, b.example.org:9443,[::1]:7, ::1", 8443).each())
        .containsExactly(
            new Endpoint("a.example.org", 8443),
            new Endpoint("b.example.org", 9443),
            new Endpoint("[::1]", 7),
            new Endpoint("::1", 8443));
    assertThat(new Endpoint("a.example.org,b.example.org:9443", 8443).at(8444))
        .isEqualTo(new Endpoint("a.example.org,b.example.org", 8444));
  }

  @Test
  void train_attemptsWithoutEnd_isCapped() throws Exception {
    RoundTask.ModelReference model = model(1f);
    for (int attempt = 1; attempt <= SitePolicy.STARTS_PER_ROUND + 5; attempt++) {
      desk.task(train(attempt, model));
      int refusals = attempt;
      await(() -> refused().size() >= refusals);
    }

    // The lying coordinator refuses every update; the site's own limit ends it.
    assertThat(refused().subList(0, SitePolicy.STARTS_PER_ROUND)).containsOnly(Why.INTERNAL);
    assertThat(refused().subList(SitePolicy.STARTS_PER_ROUND, refused().size()))
        .hasSize(5)
        .containsOnly(Why.ROUND_LIMIT);
    assertThat(said.stream().filter(LyingCoordinatorTest::isTraining))
        .hasSize(SitePolicy.STARTS_PER_ROUND);
  }

  @Test
  void upload_takenAndForgottenAgainAndAgain_stopsAtItsLimit() throws Exception {
    coordinator.forgets = true;

    desk.task(train(1, model(1f)));
    await(() -> !refused().isEmpty());

    assertThat(refused()).containsExactly(Why.EGRESS_LIMIT);
    assertThat(log).anyMatch(line -> line.contains("bytes left for it in 24 h"));
    // 1000 parameters and the trailer, four bytes each, sealed in one chunk: sixteen times.
    long sealed = 4L * (layout.length() + 2) + 16;
    // A call that the coordinator ends may lose what was on its way.
    assertThat(coordinator.updateBytes.get()).isPositive().isLessThanOrEqualTo(16 * sealed);
    assertThat(ledger.updateBytesToday()).isEqualTo(16 * sealed);
  }

  @Test
  void pause_whileATaskTrains_nothingLeavesUntilResume() throws Exception {
    coordinator.honest = true;
    pausesAtTraining = true;
    RoundTask task = train(1, model(1f));
    desk.task(task);
    await(() -> log.stream().anyMatch(l -> l.endsWith("postponed: all egress is paused")));
    long before = ledger.entries();
    pausesAtTraining = false;
    assertThat(coordinator.updateBytes.get()).isZero();
    assertThat(ledger.updateBytesToday()).isZero();

    Files.delete(folder.resolve("p"));
    await(
        () -> {
          desk.task(task); // not heard while the first one is about to end
          return done() > 0;
        });

    assertThat(log).anyMatch(l -> l.contains("resending the kept update"));
    assertThat(coordinator.updateBytes.get()).isPositive();
    assertThat(ledger.entries()).isGreaterThan(before);
  }

  @Test
  void pause_thatEnds_taskGoesOnWithoutBeingAskedForAgain() throws Exception {
    coordinator.honest = true;
    pausesAtTraining = true;
    desk.task(train(1, model(1f)));
    await(() -> log.stream().anyMatch(l -> l.endsWith("postponed: all egress is paused")));
    pausesAtTraining = false;

    Files.delete(folder.resolve("p"));
    await(() -> done() > 0); // it rests ten seconds

    assertThat(refused()).isEmpty();
    assertThat(log).anyMatch(l -> l.contains("resending the kept update"));
    // One line for what left, and none for what did not.
    assertThat(ledger.updateBytesToday()).isEqualTo(4L * (layout.length() + 2) + 16);
  }

  @Test
  void fetch_cachedModelAnnouncedSmallerThanItIs_isRefused() throws Exception {
    RoundTask.ModelReference model = model(1f);
    desk.task(train(1, model));
    await(() -> refused().size() == 1);

    desk.task(train(2, new RoundTask.ModelReference(model.version(), 1, model.layoutDigest())));
    await(() -> refused().size() == 2);

    assertThat(refused()).containsExactly(Why.INTERNAL, Why.BAD_MODEL);
    assertThat(log).anyMatch(line -> line.contains("announced with 1 bytes, it has"));
  }

  @Test
  void fetch_inventedVersionsThatNeverEnd_leaveFewFilesAndNoneOfHugeOnes() throws Exception {
    int bytes = Limits.MODEL_CHUNK_BYTES + 1000; // a version of this study may have so many
    for (int i = 0; i < 12; i++) {
      Digest digest = Digest.sha256(new byte[] {(byte) i, 7});
      var invented = new RoundTask.ModelReference(new ModelVersion(digest), bytes, layout.digest());
      coordinator.models.put(ByteString.copyFrom(digest.bytes()), new byte[bytes - 1]);
      desk.task(validate(invented));
      int refusals = i + 1;
      await(() -> refused().size() >= refusals);
    }
    List<Path> unfinished = files(".part");
    assertThat(unfinished).hasSize(4);
    assertThat(Files.size(unfinished.getFirst())).isEqualTo(Limits.MODEL_CHUNK_BYTES);

    Digest huge = Digest.sha256(new byte[] {1, 2, 3});
    desk.task(
        validate(new RoundTask.ModelReference(new ModelVersion(huge), 9L << 30, layout.digest())));
    await(() -> refused().size() >= 13);

    assertThat(refused()).containsOnly(Why.BAD_MODEL);
    assertThat(log).anyMatch(l -> l.contains("a model file of 9663676416 bytes, the study's have"));
    assertThat(files(".part")).isEqualTo(unfinished);
  }

  private List<Path> files(String suffix) throws java.io.IOException {
    try (var all = Files.list(folder.resolve("cache"))) {
      return all.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
    }
  }

  @Test
  void badInput_43_modelWithOneByteChanged_isRefusedAndNotKept() throws Exception {
    RoundTask.ModelReference model = model(1f);
    ByteString name = ByteString.copyFrom(model.version().digest().bytes());
    byte[] changed = java.util.Objects.requireNonNull(coordinator.models.get(name)).clone();
    changed[changed.length - 1] ^= 1;
    coordinator.models.put(name, changed);

    desk.task(train(1, model));
    await(() -> refused().size() == 1);

    assertThat(refused()).containsExactly(Why.BAD_MODEL);
    assertThat(folder.resolve("cache").resolve(model.version() + ".safetensors")).doesNotExist();
  }

  @Test
  void validate_secondModelOfOneRound_isRefusedAndTheFirstMayBeRepeated() throws Exception {
    RoundTask.ModelReference first = model(1f);
    desk.task(validate(first));
    await(() -> coordinator.reports.get() == 1 && done() == 1);

    desk.task(validate(model(2f)));
    await(() -> !refused().isEmpty());
    desk.task(validate(first));
    await(() -> done() == 2);

    assertThat(refused()).containsExactly(Why.BAD_MODEL);
    assertThat(log).anyMatch(line -> line.contains("one model a window"));
    assertThat(coordinator.reports.get()).isEqualTo(2);
  }

  @Test
  void proposals_flood_oldestUndecidedAreForgotten() throws Exception {
    for (int i = 0; i < 2 * Desk.PROPOSALS_MAX; i++) {
      StudyPlan other = named("flood-" + i);
      byte[] bytes = PlanCodec.encode(other);
      desk.proposal(bytes, other, Digest.sha256(bytes));
      int seen = i;
      await(() -> log.stream().anyMatch(l -> l.startsWith("study flood-%d ".formatted(seen))));
    }

    List<Proposal> kept = Proposal.all(folder.resolve("studies"));
    assertThat(kept).hasSize(Desk.PROPOSALS_MAX);
    assertThat(kept).anyMatch(p -> p.plan().study().equals(plan.study()));
    assertThat(log).anyMatch(l -> l.startsWith("proposal of flood-0 was forgotten"));
  }

  @Test
  void proposal_approvedButOfMoreBlocksThanTheModelHas_isRefusedAndTheDeskGoesOn()
      throws Exception {
    StudyPlan deep =
        tuned(
            "deep",
            new StudyPlan.Tuning(
                StudyPlan.Tuning.Regime.LAST_BLOCKS, 64, 0, 0, StudyPlan.Tuning.Local.NOTHING));
    byte[] bytes = PlanCodec.encode(deep);
    policy.record(
        new Approval(
            new Approval.Subject.Exact(deep.study(), Digest.sha256(bytes)),
            true,
            2,
            500,
            Optional.empty()));

    desk.proposal(bytes, deep, Digest.sha256(bytes));

    await(() -> log.stream().anyMatch(l -> l.contains("tuning.blocks must be at most")));
    assertThat(thread.isAlive()).isTrue();
  }

  @Test
  void session_floodOfMessages_endsTheStream() throws Exception {
    CoordinatorSession session = coordinator.session(desk, folder.resolve("audit"), clock);
    Halt over = new Halt();
    Thread talking = Thread.ofPlatform().start(() -> session.run(over, backoff()));

    await(() -> log.contains("not connected: resource_exhausted"));
    over.halt();
    talking.join();
    assertThat(log).contains("connected");
  }

  @Test
  void badInput_59_logRewrittenWhileATaskTrains_allWorkStopsUntilPeopleAccept() throws Exception {
    coordinator.honest = true;
    CoordinatorSession session = coordinator.session(desk, distrust().folder(), clock);
    Halt over = new Halt();
    Thread talking = Thread.ofPlatform().start(() -> session.run(over, backoff()));
    try {
      coordinator.showLog("genuine", 0, 5);
      await(() -> coordinator.cosigned.contains(5L));
      atTraining =
          () -> {
            coordinator.showLog("rewritten", 5, 8);
            await(() -> distrust().reason().isPresent());
          };
      desk.task(train(1, model(1f)));
      await(() -> refused().contains(Why.AUDIT_REFUSED));
      atTraining = () -> {};
      desk.task(train(2, model(1f)));
      await(() -> refused().size() == 2);

      assertThat(distrust().reason().orElseThrow()).contains("INCONSISTENT", "the one of 5");
      assertThat(refused()).containsOnly(Why.AUDIT_REFUSED);
      assertThat(decisions().getLast().refusal()).contains(Why.AUDIT_REFUSED);
      assertThat(log).anyMatch(l -> l.startsWith("AUDIT INCONSISTENT, NOT COSIGNED"));
      assertThat(log).anyMatch(l -> l.startsWith("AUDIT REFUSED, no task of this coordinator"));
      assertThat(said.stream().filter(LyingCoordinatorTest::isTraining)).hasSize(1);
      assertThat(coordinator.updateBytes.get()).isZero();
      assertThat(coordinator.cosigned).containsExactly(5L);

      Path evidence = distrust().accept(distrust().refused(), NOW, "restored backup, written 3/6");
      desk.task(train(3, model(1f)));
      await(() -> done() == 1);
      assertThat(coordinator.updateBytes.get()).isPositive();
      assertThat(decisions().getLast().refusal()).isEmpty();
      assertThat(evidence).content().contains("accepted: restored backup", "INCONSISTENT");
      // From here the rewritten log is what others are measured by, and the coordinator hears so.
      coordinator.pong();
      coordinator.showLog("rewritten", 8, 12);
      await(() -> coordinator.cosigned.contains(12L));
    } finally {
      over.halt();
      talking.join();
    }
  }

  @Test
  void badInput_59_refusalStands_keptUpdateStaysUntilPeopleAcknowledge() throws Exception {
    coordinator.honest = true;
    RoundTask task = train(1, model(1f));
    pausesAtTraining = true;
    desk.task(task);
    await(() -> log.stream().anyMatch(l -> l.endsWith("postponed: all egress is paused")));
    pausesAtTraining = false;
    coordinator.refuse(distrust().folder(), clock);
    Files.delete(folder.resolve("p"));

    desk.task(task);
    await(() -> refused().contains(Why.AUDIT_REFUSED));
    assertThat(coordinator.updateBytes.get()).isZero();
    PolicyFile policy = new PolicyFile(folder.resolve("policy.yaml"), clock);
    var exit = new StudyConsent(folder.resolve("studies"), distrust(), policy, clock);
    assertThat(exit.of(plan.study()).refusal().orElseThrow().why()).isEqualTo(Why.AUDIT_REFUSED);

    Path _ = distrust().acknowledge(NOW, "shown to the wrong node").orElseThrow();
    desk.task(task);
    await(() -> done() == 1);
    assertThat(log).anyMatch(l -> l.contains("resending the kept update"));
    assertThat(exit.of(plan.study()).refusal()).isEmpty();
  }

  private List<Answer.Decision> decisions() {
    return said.stream()
        .flatMap(
            a ->
                a instanceof Answer.Decision d
                    ? java.util.stream.Stream.of(d)
                    : java.util.stream.Stream.<Answer.Decision>empty())
        .toList();
  }

  private Distrust distrust() {
    return new Distrust(folder.resolve("audit"));
  }

  private StudyPlan named(String name) {
    return tuned(name, plan.tuning());
  }

  private StudyPlan tuned(String name, StudyPlan.Tuning tuning) {
    return new StudyPlan(
        new StudyId(name),
        plan.title(),
        plan.model(),
        plan.foundation(),
        plan.task(),
        tuning,
        plan.training(),
        plan.aggregation(),
        plan.protection(),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        plan.rounds());
  }

  private RoundTask train(int attempt, RoundTask.ModelReference model) {
    RoundTask sample = consortium.task(layout, attempt);
    return new RoundTask(
        sample.kind(),
        sample.study(),
        planDigest,
        sample.round(),
        attempt,
        0,
        model,
        sample.remaining(),
        sample.terms());
  }

  private RoundTask validate(RoundTask.ModelReference model) {
    return new RoundTask(
        RoundTask.Kind.VALIDATE,
        plan.study(),
        planDigest,
        1,
        1,
        0,
        model,
        Duration.ofMinutes(1),
        Optional.empty());
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

  private List<Why> refused() {
    return said.stream()
        .flatMap(
            a ->
                a instanceof Answer.Progress p
                    ? p.refusal().stream()
                    : java.util.stream.Stream.empty())
        .toList();
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
