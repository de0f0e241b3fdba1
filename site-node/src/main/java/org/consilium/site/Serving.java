package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.PeerTrust;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.sign.ChainCheck;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.ledger.digest.DigestClerk;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.masking.Trust;
import org.consilium.site.ops.MetricsServer;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.outbox.Outbox;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.CohortCounts;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.ReportProtector;
import org.consilium.site.protect.SiteIdentity;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.protect.witness.Distrust;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.CoordinatorSession;
import org.consilium.site.session.Halt;
import org.consilium.site.session.ProxyRules;
import org.consilium.site.session.RenewalCall;
import org.consilium.site.session.RevocationCall;
import org.consilium.site.session.RosterPin;
import org.consilium.site.train.EngineTrainer;
import org.consilium.site.train.PatientPurse;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.upload.MaskSender;
import org.consilium.site.upload.ModelFetcher;
import org.consilium.site.upload.UpdateUploader;
import org.consilium.site.validate.LocalValidator;
import org.consilium.site.work.Desk;
import org.consilium.site.work.StudyConsent;
import org.consilium.site.work.Tools;

/** Wires a node and runs it until it is told to stop. */
final class Serving {
  /** Long enough not to crowd a coordinator, short enough for a person who watches. */
  private static final Duration RECONNECT_CAP = Duration.ofSeconds(10);

  private static final long STOP_SECONDS = 20;
  private static final String LAPSED_HINT =
      "within seven days: consilium node renew --state DIR; later ask the coordinator's"
          + " administrator for a new token and join again";

  private final StateFolder state;
  private final Console console;
  private final SecureRandom random;

  Serving(StateFolder state, Console console, SecureRandom random) {
    this.state = state;
    this.console = console;
    this.random = random;
  }

  Console.Result serve(SiteConfig config) throws IOException, Failure {
    FailPoint.warning().ifPresent(console::progress);
    Credential tls = state.credential(StateFolder.TLS);
    Credential signing = state.credential(StateFolder.SIGNING);
    StateFolder.Membership membership = state.membership();
    if (!console.clock().instant().isBefore(tls.expiresAt())) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED,
          "the node's certificate ended at " + tls.expiresAt(),
          LAPSED_HINT);
    }
    try (var _ = state.alone()) {
      state.settle();
      return alone(config, membership, tls, signing);
    }
  }

  private Console.Result alone(
      SiteConfig config, StateFolder.Membership membership, Credential tls, Credential signing)
      throws IOException, Failure {
    CohortSource cohort = config.cohort().open();
    console.progress("site %s: %s".formatted(membership.site(), cohort.summary()));
    NodeMetrics metrics = new NodeMetrics(SiteMain.version(), config.engine().device());
    metrics.certificateExpiry(tls.expiresAt());
    X509Certificate root = tls.chain().getLast();
    ChainCheck chains = new ChainCheck(root, tls.id().trustDomain(), console.clock());
    PolicyFile policy = new PolicyFile(state.policy(), console.clock());
    Canaries canaries = Canaries.of(state.canaries());
    RosterPin roster =
        new RosterPin(
            state.roster(), membership.site(), root, tls.id().trustDomain(), console.clock());
    try (EgressLedger ledger =
            EgressLedger.open(
                state.ledger(),
                console.clock(),
                e -> metrics.egress(e.study(), e.kind().word(), e.bytes()));
        PrivacyLedger privacy =
            PrivacyLedger.open(state.privacy(config.privacy().witness()), console.clock());
        DigestClerk _ =
            DigestClerk.start(state.digests(), signing, console.clock(), console::progress);
        MetricsServer server = MetricsServer.start(metrics, config.metricsPort())) {
      new Overview(state, console.clock()).requireRecord();
      privacy.fault().ifPresent(fault -> console.progress("privacy ledger refused: " + fault));
      EgressGate gate = gate(ledger, policy, canaries, metrics);
      RevokedCertificates revoked = revoked(membership, tls, gate);
      try (CoordinatorLink link =
          CoordinatorLink.mutual(
              membership.coordinator(),
              tls,
              PeerTrust.forServer(root, tls.id().trustDomain())
                  .with(revoked, console.clock(), this::report),
              ProxyRules.of(System.getenv()),
              gate)) {
        publish(membership, server.port());
        SiteIdentity self = SiteIdentity.of(signing, state.roundingSecret(random));
        Parts parts =
            new Parts(
                membership,
                policy,
                canaries,
                cohort,
                self,
                chains,
                roster,
                ledger,
                privacy,
                metrics,
                link);
        Desk desk = new Desk(tools(config, parts));
        CoordinatorSession.Self node =
            new CoordinatorSession.Self(
                membership.site(),
                chains,
                SiteMain.version(),
                AuditWitness.open(state.audit(), signing, chains, console.clock()),
                roster);
        CoordinatorSession session = new CoordinatorSession(link, node, desk, console.clock());
        Renewing.Line line = new Renewing.Line(link, new RenewalCall(link), revoked, metrics);
        return run(session, desk, new Renewing(state, console, random, tls, line));
      }
    } finally {
      Files.deleteIfExists(state.endpoint());
      Files.deleteIfExists(state.status());
    }
  }

  private Console.Result run(CoordinatorSession session, Desk desk, Renewing renewing)
      throws Failure {
    Halt halt = new Halt();
    CountDownLatch stopped = new CountDownLatch(1);
    Thread hook =
        new Thread(
            () -> {
              console.progress("stopping ...");
              halt.halt();
              await(stopped);
              console.progress("stopped");
            },
            "stop");
    Runtime.getRuntime().addShutdownHook(hook);
    Thread work = Thread.ofPlatform().name("desk").start(() -> desk.run(session::say, halt));
    Thread renewal = Thread.ofPlatform().name("renewal").start(() -> renewing.run(halt));
    CoordinatorSession.Ending ending;
    try {
      ending = session.run(halt, backoff());
    } finally {
      halt.halt();
      join(work);
      join(renewal);
      stopped.countDown();
    }
    return switch (ending) {
      case HALTED -> {
        if (renewing.lapsed()) {
          throw new Failure(
              Failure.Kind.NOT_ALLOWED,
              "the node's certificate ended before it could be renewed",
              LAPSED_HINT);
        }
        yield new Console.Result(Map.of("ended", "stopped"), "stopped");
      }
      case REVOKED ->
          throw new Failure(Failure.Kind.NOT_ALLOWED, "the consortium has revoked this site", "");
      case CLOCK ->
          throw new Failure(
              Failure.Kind.CLOCK,
              "this machine's clock and the coordinator's differ by over two minutes",
              "set this machine's clock by NTP; the line above says by how much");
      case PROTOCOL ->
          throw new Failure(
              Failure.Kind.FAILED,
              "the coordinator does not speak this node's protocol",
              "update the node");
    };
  }

  /** What is made before the rooms. */
  private record Parts(
      StateFolder.Membership membership,
      PolicyFile policy,
      Canaries canaries,
      CohortSource cohort,
      SiteIdentity self,
      ChainCheck chains,
      RosterPin roster,
      EgressLedger ledger,
      PrivacyLedger privacy,
      NodeMetrics metrics,
      CoordinatorLink link) {}

  private Tools tools(SiteConfig config, Parts parts) throws IOException {
    Duration noProgress = config.noProgress();
    return new Tools(
        new Tools.Place(
            parts.membership().site(),
            state.studies(),
            state.paused(),
            new Distrust(state.audit())),
        parts.policy(),
        parts.cohort(),
        new Tools.Training(
            new EngineTrainer(
                config.engine(),
                new EngineTrainer.Checkpoints(
                    console.clock(),
                    config.checkpointEvery(),
                    line -> console.progress(parts.canaries().scrub(line))),
                Optional.of(new PatientPurse(parts.privacy(), config.privacy().cohort(), random))),
            new SyntheticTrainer()),
        new LocalValidator(config.engine()),
        new Tools.Exit(
            new UpdateProtector(parts.self(), parts.chains(), config.protectThreads()),
            new ReportProtector(parts.self()),
            new CohortCounts(state.counts(), console.clock())),
        masking(config, parts),
        new Tools.Transfer(
            Outbox.open(state.outbox(), parts.self().key().verifyingKey()),
            new UpdateUploader(
                parts.link(), parts.ledger(), backoff(), console.clock(), noProgress),
            new ModelFetcher(parts.link(), state.cache(), backoff(), console.clock(), noProgress)),
        parts.ledger(),
        parts.metrics(),
        console.clock(),
        line -> console.progress(parts.canaries().scrub(line)));
  }

  /** The last door: everything that this process sends goes through it. */
  private EgressGate gate(
      EgressLedger ledger, PolicyFile policy, Canaries canaries, NodeMetrics metrics) {
    return new EgressGate(
        ledger,
        new EgressGate.Checks(
            () -> Files.exists(state.paused()),
            new StudyConsent(state.studies(), new Distrust(state.audit()), policy, console.clock()),
            EgressGate.Budget.NOTHING_SPENT,
            canaries),
        console.clock(),
        blocked -> metrics.blocked(blocked.step().word()));
  }

  private MaskDesk masking(SiteConfig config, Parts parts) {
    return new MaskDesk(
        state.studies(),
        new SealedFile(parts.self().roundingSecret(), "consilium/site/masking", random),
        new MaskProtector(parts.self()),
        new MaskSender(parts.link(), backoff(), console.clock(), config.noProgress())::send,
        new Trust(
            parts.membership().site(),
            parts.chains(),
            site -> parts.roster().has(site, parts.link())),
        random,
        line -> console.progress(parts.canaries().scrub(line)));
  }

  /** The list that is on disk, and a newer one if the coordinator can be reached now. */
  private RevokedCertificates revoked(
      StateFolder.Membership membership, Credential tls, EgressGate gate) throws IOException {
    X509Certificate root = tls.chain().getLast();
    RevokedCertificates revoked =
        new RevokedCertificates(
            state.revoked(),
            tls.chain().get(1),
            console.clock(),
            own -> {
              try (CoordinatorLink plain =
                  CoordinatorLink.mutual(
                      membership.coordinator(), own, root, ProxyRules.of(System.getenv()), gate)) {
                return RevocationCall.fetch(plain);
              }
            });
    try {
      boolean _ = revoked.refresh(tls);
    } catch (IOException | RevocationRefused later) {
      console.progress(String.valueOf(later.getMessage()));
    }
    return revoked;
  }

  private void report(RevocationRefused refused) {
    console.progress("the coordinator is refused: " + refused.getMessage());
  }

  private Backoff backoff() {
    return new Backoff(new SplittableRandom(random.nextLong()), RECONNECT_CAP);
  }

  private void publish(StateFolder.Membership membership, int port) throws IOException {
    String endpoint = "http://127.0.0.1:%d\n".formatted(port);
    KeyFile.replace(state.endpoint(), endpoint.getBytes(StandardCharsets.UTF_8));
    String status =
        "site=%s\npid=%d\nsince=%s\nmetrics=http://127.0.0.1:%d/metrics\n"
            .formatted(
                membership.site(), ProcessHandle.current().pid(), console.clock().instant(), port);
    KeyFile.replace(state.status(), status.getBytes(StandardCharsets.UTF_8));
  }

  private static void await(CountDownLatch stopped) {
    try {
      var _ = stopped.await(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void join(Thread work) {
    try {
      work.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
