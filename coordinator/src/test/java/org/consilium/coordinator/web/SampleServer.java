package org.consilium.coordinator.web;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.issuing.TestAuthority;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.ops.CoordinatorMetrics;
import org.consilium.coordinator.ops.MeteredJournal;
import org.consilium.coordinator.ops.RoundMetrics;
import org.consilium.coordinator.study.LongStudy;
import org.consilium.coordinator.study.Replayed;
import org.consilium.coordinator.study.StudyCatalogue;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.SigningKey;

/** The real web server over hand-made studies; run its main to look at the pages. */
final class SampleServer implements AutoCloseable {
  static final String TOKEN = "sample-token";

  final WebServer web;
  final Consortium consortium;
  final Journal journal;
  final TestAuthority people;

  private SampleServer(
      WebServer web, Consortium consortium, Journal journal, TestAuthority people) {
    this.web = web;
    this.people = people;
    this.consortium = consortium;
    this.journal = journal;
  }

  static SampleServer start(Path folder, int port) throws Exception {
    Path model = folder.resolve("model.safetensors");
    Files.write(model, new byte[] {1, 2, 3});
    SampleStudies studies = new SampleStudies(model);
    return start(folder, port, (_, _) -> studies, List.of("north", "south"), List.of("north"));
  }

  /** A server, and the studies that it shows. */
  record Started(SampleServer server, LongStudy study) {}

  /** The same over a study with many rounds and sites. */
  static Started over(Path folder, int sites, int rounds) throws Exception {
    AtomicReference<LongStudy> made = new AtomicReference<>();
    List<String> names = IntStream.rangeClosed(1, sites).mapToObj("site-%03d"::formatted).toList();
    SampleServer server =
        start(
            folder,
            0,
            (authority, journal) -> {
              LongStudy study = LongStudy.open(folder, authority, journal, sites, rounds);
              made.set(study);
              return study.studies;
            },
            names,
            names);
    return new Started(server, Objects.requireNonNull(made.get()));
  }

  /** Makes what is shown. */
  private interface Showing {
    StudyCatalogue studies(CertificateAuthority authority, Journal journal) throws Exception;
  }

  private static SampleServer start(
      Path folder, int port, Showing showing, List<String> invited, List<String> admitted)
      throws Exception {
    SecureRandom random = new SecureRandom();
    InstantSource clock = InstantSource.system();
    PrometheusRegistry registry = new PrometheusRegistry();
    Journal journal = new MeteredJournal(new InMemoryJournal(clock), "h2", registry);
    CertificateAuthority authority =
        CertificateAuthority.create(folder.resolve("ca"), "example.org", clock, random);
    TestAuthority people = new TestAuthority(authority, Duration.ofHours(24), clock, random);
    Consortium consortium = Consortium.open(journal, people.registrar(), clock);
    Consortium.Address address = new Consortium.Address("localhost", 8443, 8444);
    for (String name : invited) {
      SiteId site = new SiteId(name);
      KeyRequest tls = KeyRequest.tls(random);
      KeyRequest signing = KeyRequest.signing(random);
      JoinToken token = people.invite(site);
      consortium.enrol(
          site,
          token.secret(),
          new KeyRequests(tls.pkcs10(), signing.pkcs10(), "0.1.0"),
          TestAuthority.binding(site, token, tls, signing));
      if (admitted.contains(name)) {
        people.admit(site, tls, signing);
        consortium.copy();
      }
    }
    StudyCatalogue studies = showing.studies(authority, journal);
    AccessMetrics access = new AccessMetrics(registry);
    RoundMetrics rounds = new RoundMetrics(registry);
    var plan = studies.list().getFirst().plan();
    rounds.studyCreated(plan.study(), plan.participation().sites());
    rounds.updateReceived(plan.study(), new SiteId(invited.getFirst()), 1_228_000);
    rounds.roundEnded(plan.study(), RoundMetrics.RoundOutcome.COMPLETED, 42);
    rounds.phase(plan.study(), RoundMetrics.Phase.AGGREGATE, 0.5);
    CoordinatorMetrics.register(registry, studies::list, consortium, () -> true, "test");
    WebServer web =
        WebServer.start(
            "127.0.0.1",
            port,
            new WebServer.Parts(
                studies,
                consortium,
                org.consilium.coordinator.consortium.Denylist.open(journal),
                journal,
                new WebServer.Proofs(
                    audit(folder, journal, authority, random, clock),
                    study -> new Replayed(study, List.of()),
                    () -> Files.write(folder.resolve("copy"), new byte[] {'b'})),
                address,
                new Access(TOKEN, "localhost"),
                new WebServer.Metering(registry, access),
                () -> true));
    return new SampleServer(web, consortium, journal, people);
  }

  private static AuditLog audit(
      Path folder,
      Journal journal,
      CertificateAuthority authority,
      SecureRandom random,
      InstantSource clock)
      throws Exception {
    KeyRequest request = KeyRequest.signing(random);
    Credential signer =
        request.with(
            authority.issue(
                request.pkcs10(),
                SpiffeId.coordinatorSigning("example.org", "main"),
                Leaf.COORDINATOR_SIGNING.terms()));
    AuditLog audit =
        AuditLog.open(
            folder.resolve("audit"),
            journal,
            new AuditLog.Keeper(
                "example.org", authority.root(), SigningKey.of(signer), signer.chain()),
            clock);
    audit.checkpoint();
    return audit;
  }

  @Override
  public void close() {
    web.close();
  }

  public static void main(String[] args) throws Exception {
    try (SampleServer server =
        start(Files.createTempDirectory("consilium-sample"), Integer.parseInt(args[0]))) {
      System.out.write(("port " + server.web.port() + "\n").getBytes(StandardCharsets.UTF_8));
      new CountDownLatch(1).await();
    }
  }
}
