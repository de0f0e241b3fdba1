package org.consilium.coordinator;

import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.audit.Rollback;
import org.consilium.coordinator.authority.AuthorityClient;
import org.consilium.coordinator.backup.Backup;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.consortium.Member;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.Revocations;
import org.consilium.coordinator.database.LeaseLost;
import org.consilium.coordinator.intake.SpoolSpace;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.SqlJournal;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.ops.CoordinatorMetrics;
import org.consilium.coordinator.ops.MeteredJournal;
import org.consilium.coordinator.ops.RoundMetrics;
import org.consilium.coordinator.ops.StudyMeter;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Clocks;
import org.consilium.coordinator.rpc.CoordinationService;
import org.consilium.coordinator.rpc.EnrolmentService;
import org.consilium.coordinator.rpc.GrpcServers;
import org.consilium.coordinator.study.Retention;
import org.consilium.coordinator.study.Studies;
import org.consilium.coordinator.study.StudyReplay;
import org.consilium.coordinator.study.Surroundings;
import org.consilium.coordinator.web.Access;
import org.consilium.coordinator.web.WebServer;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.sign.SigningKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running coordinator: all rooms opened in order, closed in the reverse order. */
public final class Coordinator implements AutoCloseable {
  /** Name of the file in the state folder that says where the service listens. */
  public static final String ENDPOINT = "endpoint";

  /** Name of the file in the state folder that lets commands change things. */
  public static final String ADMIN_TOKEN = "admin.token";

  private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);
  private static final Duration SILENCE_MAX = Duration.ofMinutes(1);

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final CountDownLatch failed = new CountDownLatch(1);
  private final CoordinatorSettings settings;
  private final InstantSource clock;
  private final SecureRandom random;
  private volatile Optional<Leadership> led = Optional.empty();
  private volatile Optional<LeaseLost> lost = Optional.empty();

  private Coordinator(CoordinatorSettings settings, InstantSource clock, SecureRandom random) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
  }

  /**
   * Opens everything and serves; when it returns, the endpoint file is written.
   *
   * @throws IOException if the state, the authority or a port cannot be had; nothing is left open
   */
  public static Coordinator start(
      CoordinatorSettings settings, InstantSource clock, SecureRandom random) throws IOException {
    Coordinator coordinator = new Coordinator(settings, clock, random);
    try {
      coordinator.open();
      return coordinator;
    } catch (IOException | RuntimeException failed) {
      coordinator.close();
      throw failed;
    }
  }

  private void open() throws IOException {
    FailPoint.warning().ifPresent(LOG::warn);
    KeyFile.createFolder(settings.state());
    PrometheusRegistry registry = new PrometheusRegistry();
    JvmMetrics.builder().register(registry);
    keep(StateLock.take(settings.state()));
    Backup.sweep(settings.state());
    RolledBack.check(settings.state());
    StrayDrafts.remove(settings.state());
    Optional<StoreBinding> store = openStore();
    Leadership leadership = keep(Leadership.await(settings, store, random, this::succeeded));
    led = Optional.of(leadership);
    DurableFolder.settle(settings.state(), 1); // also the database's file, if it is new
    if (store.isPresent()) {
      store.get().bind(leadership.database(), leadership.lease());
    }
    Journal journal = openJournal(leadership, registry);
    boolean whole = checkJournal(journal);
    AuthorityClient authority = keep(AuthorityLine.open(settings, clock, random)).client();
    OwnCertificate tls = tls(authority);
    Consortium consortium = Consortium.open(journal, authority, clock);
    keep(AuthorityLine.copying(consortium));
    Denylist denylist = Denylist.open(journal);
    Path list = settings.state().resolve("identity").resolve("revoked.crl");
    Revocations revocations = new Revocations(consortium, denylist, authority, list, clock);
    AccessMetrics access = new AccessMetrics(registry);
    Presence presence = new Presence(clock, System::nanoTime, SILENCE_MAX);
    Credential signing = signingCredential(authority);
    AuditLog audit = openAudit(journal, authority, signing);
    StudyMeter observer = new StudyMeter(new RoundMetrics(registry), audit::wake, this::fail);
    Surroundings around =
        surroundings(new Kept(journal, store), authority, consortium, signing, presence, observer);
    Studies studies = keep(Studies.open(around));
    consortium.onRevocation(studies::revoked);
    audit.onRollback(RolledBack.accepted(settings.state()), this::rolledBack);
    CoordinatorMetrics.register(
        registry,
        studies::list,
        consortium,
        () -> whole && audit.status().trouble().isEmpty(),
        version());
    audit.start(() -> presence.wake(consortium.list().stream().map(Member::site).toList()));
    GrpcServers grpc =
        serveSites(
            new CoordinationRooms(studies, audit, presence),
            new CoordinationService.Certificates(consortium, revocations),
            new GrpcServers.Members(consortium, denylist, revocations, clock),
            tls,
            access);
    tls.keepAlive(grpc::renew);
    WebServer web =
        keep(
            WebServer.start(
                settings.host(),
                settings.ports().http(),
                new WebServer.Parts(
                    studies,
                    consortium,
                    denylist,
                    journal,
                    new WebServer.Proofs(
                        audit, new StudyReplay(around), backup(leadership, studies)),
                    new Consortium.Address(
                        settings.publicHost(), grpc.coordinationPort(), grpc.enrolmentPort()),
                    new Access(AdminToken.of(settings.state(), random), settings.publicHost()),
                    new WebServer.Metering(registry, access),
                    () -> !closed.get() && failed.getCount() > 0)));
    writeEndpoint(web, grpc);
  }

  /** What sites talk to. */
  private record CoordinationRooms(Studies studies, AuditLog audit, Presence presence) {}

  private GrpcServers serveSites(
      CoordinationRooms rooms,
      CoordinationService.Certificates certificates,
      GrpcServers.Members members,
      OwnCertificate tls,
      AccessMetrics access)
      throws IOException {
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    keep(threads::shutdownNow);
    GrpcServers.Services services =
        new GrpcServers.Services(
            new CoordinationService(
                rooms.studies(), rooms.audit(), rooms.presence(), certificates, clock, threads),
            new EnrolmentService(certificates.consortium(), access, clock));
    return keep(
        GrpcServers.start(
            new GrpcServers.Ports(
                settings.host(), settings.ports().grpc(), settings.ports().enrolment()),
            tls.current(),
            members,
            services,
            access));
  }

  /**
   * Waits until a study's thread has failed, or another coordinator has taken over: then the
   * process has to start again.
   *
   * @return how the lease was lost, if that is why
   */
  public Optional<LeaseLost> awaitFailure() throws InterruptedException {
    failed.await();
    return lost.isPresent() ? lost : led.flatMap(Leadership::lost);
  }

  private WebServer.Copy backup(Leadership leadership, Studies studies) {
    Backup backup = new Backup(settings.state(), leadership.database(), studies);
    return () -> backup.file(clock.instant());
  }

  /** Whatever went on from an old copy would be against what hospitals have cosigned. */
  private void rolledBack(Rollback proven) {
    if (led.flatMap(Leadership::lost).isPresent()) {
      failed.countDown(); // the longer log is the successor's
      return;
    }
    try {
      RolledBack.note(settings.state(), proven);
    } catch (IOException disk) {
      LOG.error("note for the next start: {}", disk.getMessage());
    }
    LOG.error("CS-AUDIT-006: {}; docs/operating/backup.md says what to do", proven.why());
    failed.countDown();
  }

  private void succeeded(LeaseLost how) {
    lost = Optional.of(how);
    failed.countDown();
  }

  /** Where everything is kept. */
  private record Kept(Journal journal, Optional<StoreBinding> store) {}

  private Surroundings surroundings(
      Kept kept,
      AuthorityClient authority,
      Consortium consortium,
      Credential signing,
      Presence presence,
      StudyMeter observer)
      throws IOException {
    return new Surroundings(
        settings.state(),
        kept.store().map(StoreBinding::store),
        SpoolSpace.of(settings.state()),
        authority.trustDomain(),
        kept.journal(),
        consortium::enrolled,
        new Surroundings.Signer(SigningKey.of(signing), signing.chain()),
        (study, sealingKey) -> certify(authority, study, sealingKey),
        presence,
        observer,
        new Clocks(clock, System::nanoTime),
        random,
        new FixedPointMean(Runtime.getRuntime().availableProcessors()),
        settings.keepUpdates() ? Retention.KEEP : Retention.DROP);
  }

  private Credential signingCredential(AuthorityClient authority) throws IOException {
    return own(
            "signing",
            authority,
            SpiffeId.coordinatorSigning(authority.trustDomain(), "main"),
            Leaf.COORDINATOR_SIGNING.terms())
        .current();
  }

  private AuditLog openAudit(Journal journal, AuthorityClient authority, Credential signing)
      throws IOException {
    return keep(
        AuditLog.open(
            settings.state().resolve("audit"),
            journal,
            new AuditLog.Keeper(
                authority.trustDomain(), authority.root(), SigningKey.of(signing), signing.chain()),
            clock));
  }

  private List<X509Certificate> certify(
      AuthorityClient authority, StudyId study, Fingerprint sealingKey) throws IOException {
    try {
      // The certificate's own key is dropped: only the digest of the sealing key in it counts.
      return authority.certify(
          KeyRequest.signing(random).pkcs10(),
          Leaf.AGGREGATION.terms().withSealingKey(sealingKey),
          study.value());
    } catch (MembershipRefused refused) {
      throw new IOException("certify the aggregation key of %s".formatted(study), refused);
    }
  }

  private void fail() {
    LOG.error("a study's loop stopped on a failure; the coordinator ends and has to start again");
    failed.countDown();
  }

  /** Closes everything, the newest first. Closing twice is harmless. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    while (!opened.isEmpty()) {
      AutoCloseable room = opened.pop();
      try {
        room.close();
      } catch (Exception failed) {
        LOG.warn("close {}", room.getClass().getSimpleName(), failed);
      }
    }
  }

  private <T extends AutoCloseable> T keep(T room) {
    opened.push(room);
    return room;
  }

  private Journal openJournal(Leadership leadership, PrometheusRegistry registry)
      throws IOException {
    String store = leadership.database().embedded() ? "h2" : "postgres";
    return keep(
        new MeteredJournal(
            SqlJournal.open(leadership.database(), leadership.lease(), clock), store, registry));
  }

  private Optional<StoreBinding> openStore() throws IOException {
    Optional<StoreBinding> store =
        StoreBinding.open(settings, () -> led.filter(l -> l.lease().held()).isPresent(), random);
    store.ifPresent(this::keep);
    return store;
  }

  private static boolean checkJournal(Journal journal) throws IOException {
    long firstBad = journal.firstBadEntry();
    if (firstBad != 0) {
      LOG.error("the journal was changed from outside: entry {} does not fit the chain", firstBad);
    }
    return firstBad == 0;
  }

  private OwnCertificate tls(AuthorityClient authority) throws IOException {
    return own(
        "tls",
        authority,
        SpiffeId.coordinator(authority.trustDomain(), "main"),
        Leaf.COORDINATOR_TLS.terms().withHosts(settings.hosts()));
  }

  private OwnCertificate own(String name, AuthorityClient authority, SpiffeId id, Leaf.Terms terms)
      throws IOException {
    return keep(
        OwnCertificate.open(
            settings.state().resolve("identity"),
            name,
            new OwnCertificate.Issue(authority, id, terms),
            clock,
            random));
  }

  private void writeEndpoint(WebServer web, GrpcServers grpc) throws IOException {
    Path file = settings.state().resolve(ENDPOINT);
    Path draft = settings.state().resolve(ENDPOINT + ".new");
    Files.writeString(
        draft,
        """
        {"http": "http://%s:%d", "grpc": %d, "enrolment": %d, "pid": %d}
        """
            .formatted(
                settings.reachable(),
                web.port(),
                grpc.coordinationPort(),
                grpc.enrolmentPort(),
                ProcessHandle.current().pid()));
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    keep(() -> Files.deleteIfExists(file));
    LOG.info(
        "listening: http {}:{}, sites {}, enrolment {}",
        settings.host(),
        web.port(),
        grpc.coordinationPort(),
        grpc.enrolmentPort());
  }

  /** The version in the jar's manifest. */
  static String version() {
    return Optional.ofNullable(Coordinator.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
