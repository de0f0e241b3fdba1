package org.consilium.coordinator;

import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.consilium.coordinator.aggregate.FixedPointMean;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.authority.AuthorityClient;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.consortium.Member;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.Revocations;
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
  private static final int TOKEN_BYTES = 32;
  private static final int TOKEN_FILE_BYTES_MAX = 1024;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final CountDownLatch failed = new CountDownLatch(1);
  private final CoordinatorSettings settings;
  private final InstantSource clock;
  private final SecureRandom random;

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
    Journal journal = openJournal(registry);
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
    Surroundings around = surroundings(journal, authority, consortium, signing, presence, observer);
    Studies studies = keep(Studies.open(around));
    consortium.onRevocation(studies::revoked);
    CoordinatorMetrics.register(
        registry,
        studies::list,
        consortium,
        () -> whole && audit.status().trouble().isEmpty(),
        version());
    audit.start(() -> presence.wake(consortium.list().stream().map(Member::site).toList()));
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    keep(threads::shutdownNow);
    GrpcServers.Services services =
        new GrpcServers.Services(
            new CoordinationService(
                studies,
                audit,
                presence,
                new CoordinationService.Certificates(consortium, revocations),
                clock,
                threads),
            new EnrolmentService(consortium, access, clock));
    GrpcServers grpc =
        keep(
            GrpcServers.start(
                new GrpcServers.Ports(
                    settings.host(), settings.ports().grpc(), settings.ports().enrolment()),
                tls.current(),
                new GrpcServers.Members(consortium, denylist, revocations, clock),
                services,
                access));
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
                    new WebServer.Proofs(audit, new StudyReplay(around)),
                    new Consortium.Address(
                        settings.publicHost(), grpc.coordinationPort(), grpc.enrolmentPort()),
                    new Access(adminToken(), settings.publicHost()),
                    new WebServer.Metering(registry, access),
                    () -> !closed.get() && failed.getCount() > 0)));
    writeEndpoint(web, grpc);
  }

  /** Waits until a study's thread has failed: then the process has to start again. */
  public void awaitFailure() throws InterruptedException {
    failed.await();
  }

  private Surroundings surroundings(
      Journal journal,
      AuthorityClient authority,
      Consortium consortium,
      Credential signing,
      Presence presence,
      StudyMeter observer) {
    return new Surroundings(
        settings.state(),
        SpoolSpace.of(settings.state()),
        authority.trustDomain(),
        journal,
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

  private Journal openJournal(PrometheusRegistry registry) throws IOException {
    CoordinatorSettings.Database database = settings.database();
    String url = database.url().orElse(SqlJournal.embeddedUrl(settings.state()));
    String store = url.startsWith("jdbc:postgresql:") ? "postgres" : "h2";
    return keep(
        new MeteredJournal(
            SqlJournal.open(url, database.user(), database.passwordFile(), clock),
            store,
            registry));
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
        Leaf.COORDINATOR_TLS.terms().withHosts(List.of(settings.publicHost())));
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

  private String adminToken() throws IOException {
    Path file = settings.state().resolve(ADMIN_TOKEN);
    if (!Files.exists(file)) {
      byte[] secret = new byte[TOKEN_BYTES];
      random.nextBytes(secret);
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(secret) + "\n";
      KeyFile.create(file, text.getBytes(StandardCharsets.US_ASCII));
    }
    return new String(KeyFile.read(file, TOKEN_FILE_BYTES_MAX), StandardCharsets.US_ASCII).strip();
  }

  private void writeEndpoint(WebServer web, GrpcServers grpc) throws IOException {
    String reachable =
        settings.host().equals("0.0.0.0") || settings.host().equals("::")
            ? "127.0.0.1"
            : settings.host();
    Path file = settings.state().resolve(ENDPOINT);
    Path draft = settings.state().resolve(ENDPOINT + ".new");
    Files.writeString(
        draft,
        """
        {"http": "http://%s:%d", "grpc": %d, "enrolment": %d, "pid": %d}
        """
            .formatted(
                reachable,
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
