package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.sign.ChainCheck;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.masking.Trust;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.SiteIdentity;
import org.consilium.site.protect.witness.AuditWitness;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.CoordinatorSession;
import org.consilium.site.session.Halt;
import org.consilium.site.session.Orders;
import org.consilium.site.session.ProxyRules;
import org.consilium.site.session.RosterPin;
import org.consilium.site.upload.MaskSender;

/** A node without its training: session, exit, ledger and the masking desk, over real sockets. */
final class MaskNode implements Orders, AutoCloseable {
  private static final Duration SHORT = Duration.ofMillis(5);
  private static final InstantSource CLOCK = InstantSource.system();

  final SiteId site;
  final Credential signing;
  final SiteIdentity identity;
  final List<String> log = new CopyOnWriteArrayList<>();

  /** What the hospital's policy lets leave. */
  volatile String mode = "masked";

  private final Path folder;
  private final ChainCheck chains;
  private final EgressLedger ledger;
  private final CoordinatorLink link;
  private final Halt over = new Halt();
  private final Thread talking;
  private Halt halt = new Halt();
  private final RosterPin roster;
  private volatile MaskDesk desk;
  private Thread working;

  MaskNode(SiteId site, MaskingLiar liar, Path folder) throws Exception {
    this.site = site;
    this.folder = folder;
    chains = new ChainCheck(liar.authority.root(), MaskingLiar.DOMAIN, CLOCK);
    signing =
        liar.issue(
            KeyRequest.signing(liar.random),
            SpiffeId.siteSigning(MaskingLiar.DOMAIN, site.value()),
            Leaf.SITE_SIGNING.terms());
    identity = SiteIdentity.of(signing, new byte[32]);
    ledger = EgressLedger.open(folder.resolve("ledger.jsonl"), CLOCK, _ -> {});
    EgressGate gate =
        new EgressGate(
            ledger,
            new EgressGate.Checks(
                () -> false,
                _ -> new EgressGate.Standing(Optional.empty(), mode, 11),
                EgressGate.Budget.NOTHING_SPENT,
                Canaries.none()),
            CLOCK,
            held -> log.add("held: " + held.getMessage()));
    Credential tls =
        liar.issue(
            KeyRequest.tls(liar.random),
            SpiffeId.site(MaskingLiar.DOMAIN, site.value()),
            Leaf.SITE_TLS.terms());
    link =
        CoordinatorLink.mutual(
            new CoordinatorLink.Endpoint("127.0.0.1", liar.port()),
            tls,
            liar.authority.root(),
            ProxyRules.of(Map.of()),
            gate);
    roster =
        new RosterPin(
            folder.resolve("roster.pin"), site, liar.authority.root(), MaskingLiar.DOMAIN, CLOCK);
    desk = desk();
    working = work(desk, halt);
    CoordinatorSession session =
        new CoordinatorSession(
            link,
            new CoordinatorSession.Self(
                site,
                chains,
                "0.1.0",
                AuditWitness.open(folder.resolve("audit"), signing, chains, CLOCK),
                roster),
            this,
            CLOCK);
    talking = Thread.ofPlatform().start(() -> session.run(over, backoff()));
  }

  private MaskDesk desk() {
    return new MaskDesk(
        folder.resolve("studies"),
        new SealedFile(new byte[32], "test", new SecureRandom()),
        new MaskProtector(identity),
        new MaskSender(link, backoff(), CLOCK, Duration.ofSeconds(10))::send,
        new Trust(site, chains, other -> roster.has(other, link)),
        new SecureRandom(),
        log::add);
  }

  private static Thread work(MaskDesk desk, Halt halt) {
    return Thread.ofPlatform().start(() -> desk.run(halt));
  }

  /** The node comes back from a crash: all that it knows is on its disk. */
  void restart() throws InterruptedException {
    halt.halt();
    working.join();
    halt = new Halt();
    desk = desk();
    working = work(desk, halt);
  }

  void begin(RoundTask task, Digest context) {
    desk.begin(task, context);
  }

  MaskDesk.Outcome outcome(Digest context) {
    return desk.await(context, halt);
  }

  Optional<String> uploaded(RoundTask task, Digest context, Digest upload) throws IOException {
    return desk.uploaded(task.study(), context, upload);
  }

  private static Backoff backoff() {
    return new Backoff(new SplittableRandom(1), SHORT);
  }

  @Override
  public void mask(MaskOrder order) {
    desk.order(order);
  }

  @Override
  public void proposal(byte[] planBytes, StudyPlan plan, Digest digest) {}

  @Override
  public void task(RoundTask task) {}

  @Override
  public void connected() {}

  @Override
  public void disconnected(String reason) {}

  @Override
  public void heard() {}

  @Override
  public void roundTrip(Duration time) {}

  @Override
  public void held(EgressBlocked blocked) {
    log.add("held: " + blocked.getMessage());
  }

  @Override
  public void distrusted(String detail) {
    log.add("distrusted: " + detail);
  }

  @Override
  public void dropped(String detail) {
    log.add("dropped: " + detail);
  }

  @Override
  public void close() throws IOException {
    over.halt();
    halt.halt();
    try {
      talking.join();
      working.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    link.close();
    ledger.close();
  }
}
