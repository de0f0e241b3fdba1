package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.SpoolSpace;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.roster.Presence;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;

/** A coordinator's studies with sites that answer when they are told to; no network, no mock. */
final class TestConsortium implements AutoCloseable {
  static final String DOMAIN = "example.org";
  static final StudyId STUDY = new StudyId("pneumonia");

  final ManualTime time;
  final Journal journal;

  /** Who is enrolled; whoever is taken out is revoked. */
  final Map<SiteId, TestSite> sites = new ConcurrentHashMap<>();

  final List<SiteId> ids;
  final Path folder;
  final SecureRandom random = new SecureRandom();
  final CertificateAuthority authority;
  private final Credential signer;
  private final Map<String, TestSite.Sealed> updates = new HashMap<>();
  Retention retention = Retention.DROP;
  SpoolSpace space = () -> Long.MAX_VALUE;
  Optional<SharedStore> store = Optional.empty();
  private String machine = "state";
  private final java.util.concurrent.atomic.AtomicBoolean dead =
      new java.util.concurrent.atomic.AtomicBoolean();
  private Presence presence;
  private Studies studies;

  TestConsortium(Path folder, int count) throws IOException {
    this(folder, count, new ManualTime());
  }

  TestConsortium(Path folder, int count, ManualTime time) throws IOException {
    this.time = time;
    this.journal = new InMemoryJournal(time);
    this.folder = folder;
    this.authority = CertificateAuthority.create(folder.resolve("ca"), DOMAIN, time, random);
    KeyRequest request = KeyRequest.signing(random);
    this.signer =
        request.with(
            issue(
                request,
                SpiffeId.coordinatorSigning(DOMAIN, "c1"),
                Leaf.COORDINATOR_SIGNING.terms()));
    List<SiteId> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SiteId id = new SiteId(count <= 26 ? "site-" + (char) ('a' + i) : "site-%03d".formatted(i));
      names.add(id);
      sites.put(id, new TestSite(id, 100 + 50 * i, authority, random));
    }
    this.ids = List.copyOf(names);
    this.presence = new Presence(time, time.clocks().nanos(), Duration.ofMinutes(1));
    this.studies = Studies.open(around(journal));
  }

  Studies studies() {
    return studies;
  }

  /** The audit log over this consortium's journal; its thread is not started. */
  AuditLog audit() throws IOException {
    return AuditLog.open(
        folder.resolve("state").resolve("audit"),
        journal,
        new AuditLog.Keeper(DOMAIN, authority.root(), SigningKey.of(signer), signer.chain()),
        time);
  }

  Presence presence() {
    return presence;
  }

  StudySnapshot snapshot() {
    return studies.find(STUDY).orElseThrow();
  }

  /** From now on another machine is meant, with a state folder of its own. */
  void move(String to) {
    machine = to;
  }

  /** Ends the process without a goodbye and starts another with this journal. */
  void restart(Journal with) throws IOException {
    studies.close();
    dead.set(false);
    presence = new Presence(time, time.clocks().nanos(), Duration.ofMinutes(1));
    studies = Studies.open(around(with));
  }

  Surroundings around(Journal with) {
    return new Surroundings(
        folder.resolve(machine),
        store,
        () -> space.usableBytes(),
        DOMAIN,
        with,
        id -> Optional.ofNullable(sites.get(id)).map(TestSite::enrolled),
        new Surroundings.Signer(SigningKey.of(signer), signer.chain()),
        (study, key) -> {
          KeyRequest request = KeyRequest.signing(random);
          return issue(
              request,
              SpiffeId.aggregator(DOMAIN, study.value()),
              Leaf.AGGREGATION.terms().withSealingKey(key));
        },
        presence,
        new Silence(() -> dead.set(true)),
        time.clocks(),
        random,
        new FixedPointMean(2),
        retention);
  }

  List<java.security.cert.X509Certificate> issue(
      KeyRequest request, SpiffeId id, Leaf.Terms terms) {
    try {
      return authority.issue(request.pkcs10(), id, terms);
    } catch (CertificateRefused refused) {
      throw new IllegalStateException(refused);
    }
  }

  /** Creates and starts a study that every site agrees to. */
  StudyPlan begin(TestPlan wanted) throws IOException, StudyRefused {
    return begin(wanted.plan());
  }

  /** The same with a plan of one's own. */
  StudyPlan begin(StudyPlan plan) throws IOException, StudyRefused {
    StudySnapshot _ = studies.create(PlanCodec.encode(plan));
    for (SiteId id : ids) {
      act(id);
    }
    var _ = studies.start(STUDY);
    return plan;
  }

  /** The task that a site has now, waiting a moment for the loop. */
  RoundTask task(SiteId id) {
    await(() -> pendingTask(id).isPresent());
    return pendingTask(id).orElseThrow();
  }

  Optional<RoundTask> pendingTask(SiteId id) {
    return studies.pending(id, _ -> false).stream()
        .filter(m -> m.kind() == SignedKind.TASK)
        .map(m -> TaskCodec.decode(m.body()))
        .findFirst();
  }

  /** A site of this consortium. */
  TestSite site(SiteId id) {
    return java.util.Objects.requireNonNull(sites.get(id), () -> "no such site: " + id);
  }

  /** Has a site do all that is pending for it; false when there is nothing. */
  boolean act(SiteId id) throws IOException {
    boolean acted = false;
    for (Outgoing message : studies.pending(id, _ -> false)) {
      acted = true;
      TestSite site = site(id);
      if (message.kind() == SignedKind.PROPOSAL) {
        byte[] plan = PlanCodec.planBytes(message.body());
        var _ =
            studies.decide(
                id, org.consilium.protocol.Digest.sha256(plan), true, "", site.samples());
      } else {
        RoundTask task = TaskCodec.decode(message.body());
        if (task.terms().isPresent()) {
          var _ = send(id, update(id, task));
        } else {
          byte[] body = site.report(task);
          var _ = studies.report(id, body, site.sign(SignedKind.REPORT, body));
        }
      }
    }
    return acted;
  }

  /** The site's update, made once and kept, as a site's outbox does. */
  TestSite.Sealed update(SiteId id, RoundTask task) {
    StudyPlan plan = snapshot().plan();
    return updates.computeIfAbsent(
        "%s/%d/%d".formatted(id, task.round(), task.attempt()), _ -> site(id).train(task, plan));
  }

  Intake send(SiteId id, TestSite.Sealed update) throws IOException {
    Intake begun = studies.begin(id, update.body(), update.signature());
    if (!(begun instanceof Intake.Progress)) {
      return begun;
    }
    Intake attached = studies.attach(id, update.upload());
    if (attached instanceof Intake.Attached(var lease)) {
      try (lease) {
        for (int i = update.chunks().size() - 1; i >= 0; i--) {
          Intake put = lease.put(i, 0, ByteBuffer.wrap(update.chunks().get(i)));
          if (!(put instanceof Intake.Progress)) {
            return put;
          }
        }
      }
    }
    return studies.commit(id, update.upload());
  }

  /** Lets sites act in this order until the study is in a state. */
  void run(List<SiteId> order, StudySnapshot.State until) {
    runUntil(order, () -> snapshot().state() == until);
  }

  /** Lets sites act in this order until something is so. */
  void runUntil(List<SiteId> order, BooleanSupplier done) {
    await(
        () -> {
          failIfDead();
          try {
            for (SiteId id : order) {
              boolean _ = act(id);
            }
          } catch (IOException dead) {
            throw new DeadCoordinator(dead);
          }
          return done.getAsBoolean();
        });
  }

  /** Fails if a study's loop has ended the process. */
  void failIfDead() {
    if (dead.get()) {
      throw new DeadCoordinator(new IOException("a loop stopped"));
    }
  }

  /** How many entries the study's journal has. */
  int entries() throws IOException {
    List<Long> count = new ArrayList<>();
    journal.replay("study:" + STUDY, entry -> count.add(entry.sequence()));
    return count.size();
  }

  /** The coordinator's journal failed while sites were talking to it. */
  static final class DeadCoordinator extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DeadCoordinator(IOException cause) {
      super(cause);
    }
  }

  static void await(BooleanSupplier condition) {
    long limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > limit) {
        throw new AssertionError("nothing happened for 20 seconds");
      }
      try {
        Thread.sleep(2);
      } catch (InterruptedException stopped) {
        throw new AssertionError(stopped);
      }
    }
  }

  @Override
  public void close() {
    studies.close();
  }
}
