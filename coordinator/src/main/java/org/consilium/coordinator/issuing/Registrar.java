package org.consilium.coordinator.issuing;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.consortium.Authority;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.MembershipEvent;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.Roster;
import org.consilium.security.roster.RosterHistory;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.roster.RosterRefused;

/**
 * The authority's whole mind: roster, motions and memberships over its own journal, and the issuing
 * key. It takes nobody's word: a certificate for a site comes only of signatures by two persons of
 * the roster, a token and a proof of possession. Every step is journaled before it counts. Safe for
 * use by many threads.
 */
public final class Registrar implements Authority {
  private static final String ROSTER = "roster";
  private static final Duration MOTION_LIFE_MAX = Duration.ofDays(14);
  private static final int WAITING_MAX = 64;
  private static final int COPY_MAX = 64;

  /** The one coordinator of this consortium. */
  private static final String COORDINATOR = "main";

  private final CertificateAuthority authority;
  private final Journal journal;
  private final InstantSource clock;
  private final Docket docket = new Docket();
  private final Admissions admissions;
  private final HeadSigner signer;
  private final RevocationSigner lists;
  private final Map<String, Long> readmitted = new HashMap<>();
  private RosterHistory history = RosterHistory.empty();

  private Registrar(
      CertificateAuthority authority,
      Journal journal,
      Duration siteLife,
      InstantSource clock,
      SecureRandom random) {
    this.authority = authority;
    this.journal = journal;
    this.clock = clock;
    this.admissions = new Admissions(authority, siteLife, clock);
    this.signer = new HeadSigner(authority, clock, random);
    this.lists = new RevocationSigner(authority, clock);
  }

  /**
   * Opens the authority's state; a first start takes the founding in.
   *
   * @param founding encoded decision that made the first roster
   * @param siteLife how long a site's TLS certificate lives: 1 minute to 7 days
   */
  public static Registrar open(
      CertificateAuthority authority,
      Journal journal,
      byte[] founding,
      Duration siteLife,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    Registrar registrar = new Registrar(authority, journal, siteLife, clock, random);
    registrar.replay();
    if (!registrar.history.founded()) {
      registrar.found(founding);
    }
    if (!registrar.history.roster().trustDomain().equals(authority.trustDomain())) {
      throw new IOException(
          "open authority: the roster is of %s, the certificates are of %s"
              .formatted(registrar.history.roster().trustDomain(), authority.trustDomain()));
    }
    return registrar;
  }

  private void replay() throws IOException {
    List<Decision> decisions = new ArrayList<>();
    journal.replay(ROSTER, e -> decisions.add(decoded(e.event())));
    try {
      for (Decision decision : decisions) {
        history = history.with(decision);
      }
    } catch (RosterRefused broken) {
      throw new IOException("open authority: its roster does not verify", broken);
    }
    journal.replay(MembershipEvent.STREAM, admissions::apply);
    journal.replay(Docket.STREAM, this::applyMotion);
  }

  private void found(byte[] founding) throws IOException {
    try {
      Decision decision = Decision.decode(founding);
      history = history.with(decision);
      var _ = journal.append(List.of(made(decision)));
    } catch (RosterRefused | JournalConflict broken) {
      throw new IOException("found the roster: " + broken.getMessage(), broken);
    }
  }

  @Override
  public X509Certificate root() {
    return authority.root();
  }

  @Override
  public X509Certificate issuing() {
    return authority.issuing();
  }

  @Override
  public String trustDomain() {
    return authority.trustDomain();
  }

  @Override
  public List<X509Certificate> certify(byte[] pkcs10, Leaf.Terms terms, String study)
      throws MembershipRefused {
    String domain = authority.trustDomain();
    SpiffeId id =
        switch (terms.leaf()) {
          case COORDINATOR_TLS -> SpiffeId.coordinator(domain, COORDINATOR);
          case COORDINATOR_SIGNING -> SpiffeId.coordinatorSigning(domain, COORDINATOR);
          case COORDINATOR_RELAY -> SpiffeId.coordinatorRelay(domain, COORDINATOR);
          case AGGREGATION -> aggregator(study);
          case SITE_TLS, SITE_SIGNING, AUTHORITY_TLS, AUTHORITY_SIGNING ->
              throw new MembershipRefused(
                  Why.NOT_ALLOWED,
                  "certify: a relay gets no %s certificate".formatted(terms.leaf()));
        };
    try {
      return authority.issue(pkcs10, id, terms);
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "certify %s: %s".formatted(id, refused.getMessage()));
    }
  }

  private SpiffeId aggregator(String study) throws MembershipRefused {
    try {
      return SpiffeId.aggregator(authority.trustDomain(), study);
    } catch (IllegalArgumentException illegal) {
      throw new MembershipRefused(Why.BAD_REQUEST, "certify: " + illegal.getMessage());
    }
  }

  @Override
  public synchronized Fingerprint enrol(
      SiteId site, byte[] secret, KeyRequests requests, byte[] binding)
      throws MembershipRefused, IOException {
    Admissions.Admissible request =
        admissions.enrol(history.roster(), site, secret, requests, binding);
    try {
      append(List.of(request.event().encoded()));
    } catch (JournalConflict spent) {
      throw Admissions.spent(site);
    }
    return request.key();
  }

  @Override
  public synchronized List<X509Certificate> issueTls(SiteId site, byte[] pkcs10)
      throws MembershipRefused, IOException {
    Admissions.Renewal renewal = admissions.renew(history.roster(), site, pkcs10);
    if (renewal.event().isPresent()) {
      try {
        append(List.of(renewal.event().get().encoded()));
      } catch (JournalConflict usedBefore) {
        throw new MembershipRefused(
            Why.BAD_REQUEST, "renew %s: the key was used before".formatted(site));
      }
    }
    return renewal.chain();
  }

  @Override
  public synchronized MotionStanding submit(Ballot ballot) throws MembershipRefused, IOException {
    Motion motion = ballot.motion();
    checkTime(motion);
    Optional<Decision> before = docket.carried(motion);
    if (before.isPresent()) {
      return Docket.standing(before.get(), true);
    }
    Roster roster = history.roster();
    try {
      Decision decision = docket.waiting(motion).with(ballot, roster);
      if (!decision.carried()) {
        history.check(motion);
        checkRoom(motion);
        append(List.of(Docket.signed(ballot)));
        return Docket.standing(decision, false);
      }
      carry(decision, ballot);
      return Docket.standing(decision, true);
    } catch (RosterRefused refused) {
      throw MembershipRefused.of(refused);
    } catch (JournalConflict doneBefore) {
      throw new MembershipRefused(Why.WRONG_STATE, motion + ": this was done before");
    }
  }

  @Override
  public synchronized List<MotionStanding> motions() {
    return docket.open(clock.instant()).stream().map(d -> Docket.standing(d, false)).toList();
  }

  @Override
  public synchronized void shutOut(SiteId site, String reason)
      throws MembershipRefused, IOException {
    try {
      append(List.of(admissions.shutOut(site, reason).encoded(Actors.coordinator())));
    } catch (JournalConflict before) {
      throw new MembershipRefused(Why.WRONG_STATE, "shut %s out: done before".formatted(site));
    }
  }

  @Override
  public synchronized byte[] revocationList(List<Revoked> also) throws MembershipRefused {
    return lists.signed(admissions.revoked(clock.instant()), also);
  }

  @Override
  public synchronized List<JournalEntry> replicate(long after) throws IOException {
    List<JournalEntry> news = new ArrayList<>();
    journal.replay(
        MembershipEvent.STREAM,
        entry -> {
          if (entry.sequence() > after && news.size() < COPY_MAX) {
            news.add(entry);
          }
        });
    return news;
  }

  @Override
  public synchronized RosterProof roster() {
    return signer.proof(history);
  }

  /** Re-verifies every signature under the roster of now, then does what was decided. */
  private void carry(Decision decision, Ballot last)
      throws RosterRefused, MembershipRefused, JournalConflict, IOException {
    RosterHistory next = history;
    Motion motion = decision.motion();
    Roster after = decision.carry(Optional.of(history.roster()));
    List<JournalEntry.Event> events = new ArrayList<>();
    events.add(Docket.signed(last));
    events.add(Docket.carried(decision));
    if (after.version() > history.roster().version()) {
      next = history.with(decision);
      events.add(made(decision));
    }
    for (MembershipEvent event : consequences(motion, last)) {
      events.add(event.encoded(Actors.person(last.person())));
    }
    append(events);
    history = next;
  }

  private List<MembershipEvent> consequences(Motion motion, Ballot last) throws MembershipRefused {
    return switch (motion.act()) {
      case INVITE_SITE ->
          List.of(
              admissions.invite(
                  motion, last.person(), history.roster(), announced(motion), readmitted(motion)));
      case ADMIT_KEYS -> List.of(admissions.admit(motion, last.person(), history.roster()));
      case REVOKE_SITE -> List.of(admissions.shutOut(site(motion), "revoked by " + last.person()));
      case REMOVE_SITE -> admissions.leave(site(motion), "removed from the roster");
      case FOUND,
          ADD_SITE,
          READMIT_SITE,
          ADD_PERSON,
          REMOVE_PERSON,
          ROTATE_AUTHORITY,
          LOWER_PARTICIPANTS,
          LOWER_NOISE,
          EXPORT_MODEL ->
          List.of();
    };
  }

  /** Whether somebody has proposed to add the site, so that a token may be made meanwhile. */
  private boolean announced(Motion invitation) {
    return docket.open(clock.instant()).stream()
        .map(Decision::motion)
        .anyMatch(m -> m.act() == Act.ADD_SITE && m.subject().equals(invitation.subject()));
  }

  private boolean readmitted(Motion invitation) {
    return readmitted.getOrDefault(invitation.subject(), 0L)
        > admissions.revokedAt(site(invitation));
  }

  private static SiteId site(Motion motion) {
    return new SiteId(motion.subject());
  }

  private void checkTime(Motion motion) throws MembershipRefused {
    Instant now = clock.instant();
    if (!motion.trustDomain().equals(authority.trustDomain())) {
      throw new MembershipRefused(
          Why.STALE,
          "%s: it is a motion of %s, not of %s"
              .formatted(motion, motion.trustDomain(), authority.trustDomain()));
    }
    if (!now.isBefore(motion.expiry()) || motion.expiry().isAfter(now.plus(MOTION_LIFE_MAX))) {
      throw new MembershipRefused(
          Why.STALE,
          "%s: it ends %s, which is over or more than %d days away"
              .formatted(motion, motion.expiry(), MOTION_LIFE_MAX.toDays()));
    }
  }

  /** No one person can fill the docket, and so keep others from proposing a removal. */
  private void checkRoom(Motion motion) throws MembershipRefused {
    long waiting =
        docket.open(clock.instant()).stream()
            .filter(d -> d.motion().proposer().equals(motion.proposer()))
            .count();
    if (waiting >= WAITING_MAX) {
      throw new MembershipRefused(
          Why.TOO_MANY,
          "%d motions of %s wait for signatures, at most %d"
              .formatted(waiting, motion.proposer(), WAITING_MAX));
    }
  }

  private void append(List<JournalEntry.Event> events) throws JournalConflict, IOException {
    for (JournalEntry entry : journal.append(events)) {
      switch (entry.event().stream()) {
        case MembershipEvent.STREAM -> admissions.apply(entry);
        case Docket.STREAM -> applyMotion(entry);
        default -> {
          // the roster is taken over as a whole
        }
      }
    }
  }

  private void applyMotion(JournalEntry entry) {
    Optional<Decision> carried = docket.apply(entry.event());
    if (carried.isPresent()) {
      Motion motion = carried.get().motion();
      if (motion.act() == Act.READMIT_SITE || motion.act() == Act.ADD_SITE) {
        readmitted.put(motion.subject(), entry.sequence());
      }
      admissions.carried(carried.get());
    }
  }

  private static JournalEntry.Event made(Decision decision) {
    return new JournalEntry.Event(
        ROSTER,
        "Decided",
        decision.id().hex(),
        decision.encoded(),
        Actors.person(decision.signatures().getLast().person()));
  }

  private static Decision decoded(JournalEntry.Event event) {
    try {
      return Decision.decode(event.body());
    } catch (RosterRefused broken) {
      throw new IllegalStateException("journal stream roster: " + event.key(), broken);
    }
  }
}
