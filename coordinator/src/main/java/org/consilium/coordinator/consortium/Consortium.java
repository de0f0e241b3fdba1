package org.consilium.coordinator.consortium;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.consilium.coordinator.consortium.Member.State;
import org.consilium.coordinator.consortium.Membership.Standing;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Roster;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.roster.RosterRefused;
import org.consilium.security.sign.ChainCheck;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hospitals that belong together, as the coordinator knows them: a copy of what the issuing
 * authority has decided, kept in the coordinator's own journal, so that members are told from
 * strangers while the authority is away. Requests and signatures are carried to the authority. Safe
 * for use by many threads.
 */
public final class Consortium {
  private static final Logger LOG = LoggerFactory.getLogger(Consortium.class);

  // How often a site that waits for approval makes us ask the authority.
  private static final Duration ASK_EVERY = Duration.ofSeconds(2);
  // A hundred sites that connect at once ask the authority once.
  private static final Duration PROOF_EVERY = Duration.ofSeconds(1);

  private final Journal journal;
  private final Authority authority;
  private final InstantSource clock;
  private final SigningChains signing = new SigningChains();
  private final Membership membership = new Membership();
  private final List<Consumer<SiteId>> revocationListeners = new CopyOnWriteArrayList<>();
  private final Object copying = new Object();
  private final Set<String> seenThere = new HashSet<>();
  private long copied;
  private Instant asked = Instant.MIN;
  private volatile Optional<RosterProof> proof = Optional.empty();
  private volatile Instant proofAt = Instant.MIN;

  private Consortium(Journal journal, Authority authority, InstantSource clock) {
    this.journal = journal;
    this.authority = authority;
    this.clock = clock;
  }

  /** Where sites find the coordinator; it is written into join tokens. */
  public record Address(String host, int sitePort, int enrolmentPort) {}

  /** The answer to a site that asks about its request. */
  public sealed interface Collected {
    /** People have not decided. */
    record Pending() implements Collected {}

    /** Certificates, DER, leaf first, root last. */
    record Approved(List<byte[]> tlsChain, List<byte[]> signingChain) implements Collected {
      public Approved {
        tlsChain = List.copyOf(tlsChain);
        signingChain = List.copyOf(signingChain);
      }
    }

    /** People said no, or shut the site out later. */
    record Denied() implements Collected {}
  }

  /** Rebuilds the consortium from its journal; the authority is asked when it is needed. */
  public static Consortium open(Journal journal, Authority authority, InstantSource clock)
      throws IOException {
    Consortium consortium = new Consortium(journal, authority, clock);
    journal.replay(
        MembershipEvent.STREAM,
        entry -> consortium.membership.apply(MembershipEvent.decoded(entry.event()), entry.time()));
    return consortium;
  }

  /** Carries one person's signature to the authority. */
  public MotionStanding submit(Ballot ballot) throws MembershipRefused, IOException {
    MotionStanding standing = authority.submit(ballot);
    copy();
    return standing;
  }

  /** Motions that wait for signatures. */
  public List<MotionStanding> motions() throws IOException {
    return authority.motions();
  }

  /** The roster with all that proves it; the last one seen while the authority is away. */
  public RosterProof rosterProof() throws IOException {
    Instant now = clock.instant();
    if (proof.isPresent() && now.isBefore(proofAt.plus(PROOF_EVERY)) && !now.isBefore(proofAt)) {
      return proof.get();
    }
    try {
      RosterProof fresh = authority.roster();
      proof = Optional.of(fresh);
      proofAt = now;
      return fresh;
    } catch (AuthorityUnreachable away) {
      return proof.orElseThrow(() -> away);
    }
  }

  /** The request of a site that waits for people. */
  public synchronized Optional<KeyRequests> waiting(SiteId site) {
    return membership
        .find(site)
        .filter(s -> s.member().state() == State.PENDING)
        .flatMap(Standing::requests);
  }

  /** The newest roster, verified. */
  public Roster roster() throws IOException {
    try {
      return rosterProof().verify(root(), trustDomain(), clock).roster();
    } catch (RosterRefused refused) {
      throw new IOException("read the roster of the authority: " + refused.getMessage(), refused);
    }
  }

  /**
   * Carries a site's request to the authority, which spends the token; the request then waits for
   * people.
   *
   * @param secret the token's 32 bytes
   * @param binding the TLS key's signature over token and signing key
   * @return fingerprint of the TLS key, which both ends show
   */
  public Fingerprint enrol(SiteId site, byte[] secret, KeyRequests requests, byte[] binding)
      throws MembershipRefused, IOException {
    Fingerprint key = authority.enrol(site, secret, requests, binding);
    copy();
    return key;
  }

  /** What became of a site's request. */
  public Collected collect(SiteId site, Digest tlsKey) throws MembershipRefused, IOException {
    Collected known = known(site, tlsKey);
    if (known instanceof Collected.Pending && timeToAsk()) {
      copy();
      return known(site, tlsKey);
    }
    return known;
  }

  private synchronized Collected known(SiteId site, Digest tlsKey) throws MembershipRefused {
    Standing standing =
        membership
            .find(site)
            .filter(s -> s.member().key().map(k -> k.hex().equals(tlsKey.hex())).orElse(false))
            .orElseThrow(
                () ->
                    new MembershipRefused(
                        Why.NOT_FOUND, "collect: no request of site " + site + " with this key"));
    return switch (standing.member().state()) {
      case PENDING -> new Collected.Pending();
      case ACTIVE -> new Collected.Approved(standing.tlsChain(), standing.signingChain());
      case INVITED, DENIED, REVOKED -> new Collected.Denied();
    };
  }

  private synchronized boolean timeToAsk() {
    Instant now = clock.instant();
    if (asked.isAfter(now.minus(ASK_EVERY))) {
      return false;
    }
    asked = now;
    return true;
  }

  /** Refuses a waiting request. */
  public Member deny(SiteId site, String reason) throws MembershipRefused, IOException {
    standing(site, State.PENDING, "deny");
    authority.shutOut(site, Typed.reason(reason));
    copy();
    return standing(site, State.DENIED, "deny").member();
  }

  /**
   * Shuts a site out at once: its calls are refused and its open streams close. It does not wait
   * for the authority, which is told now or as soon as it answers.
   */
  public Member revoke(SiteId site, String reason) throws MembershipRefused, IOException {
    Fingerprint key = standing(site, State.ACTIVE, "revoke").member().key().orElseThrow();
    boolean first =
        take(
            new MembershipEvent.Revoked(site, Digest.of(key.bytes()), Typed.reason(reason))
                .encoded());
    if (first) {
      revocationListeners.forEach(listener -> listener.accept(site));
    }
    try {
      authority.shutOut(site, Typed.reason(reason));
    } catch (IOException away) {
      LOG.warn("the authority was not told that {} is revoked: {}", site, away.getMessage());
    } catch (MembershipRefused toldBefore) {
      LOG.info("the authority on the revocation of {}: {}", site, toldBefore.getMessage());
    }
    return standing(site, State.REVOKED, "revoke").member();
  }

  /** Tells {@code listener} of every later revocation, on the thread that learns of it. */
  public void onRevocation(Consumer<SiteId> listener) {
    revocationListeners.add(listener);
  }

  /**
   * Asks the authority for what it decided since the last time, and tells it of revocations that it
   * missed.
   */
  public void copy() throws IOException {
    List<SiteId> revoked = new ArrayList<>();
    synchronized (copying) {
      List<JournalEntry> news = authority.replicate(copied);
      while (!news.isEmpty()) {
        for (JournalEntry entry : news) {
          boolean fresh = take(entry.event());
          if (fresh
              && MembershipEvent.decoded(entry.event()) instanceof MembershipEvent.Revoked e) {
            revoked.add(e.site());
          }
          seenThere.add(entry.event().key());
          copied = entry.sequence();
        }
        news = authority.replicate(copied);
      }
      tellMissedRevocations();
    }
    revoked.forEach(site -> revocationListeners.forEach(listener -> listener.accept(site)));
  }

  private void tellMissedRevocations() throws IOException {
    for (Member member : list()) {
      String key = "revoked:" + member.key().map(Fingerprint::hex).orElse("");
      if (member.state() == State.REVOKED && !seenThere.contains(key)) {
        try {
          authority.shutOut(member.site(), member.reason());
        } catch (MembershipRefused unknownThere) {
          LOG.info(
              "the authority on the revocation of {}: {}",
              member.site(),
              unknownThere.getMessage());
        }
        seenThere.add(key);
      }
    }
  }

  /** A site that may take part, with its keys. */
  public synchronized Optional<EnrolledSite> enrolled(SiteId site) {
    return membership
        .find(site)
        .filter(s -> s.member().state() == State.ACTIVE)
        .map(s -> signing.of(site, s.signingChain()));
  }

  /** Whether an active site presents itself, now, with a TLS certificate that it was given. */
  public synchronized Admission admission(SiteId site, X509Certificate tlsLeaf) {
    Instant now = clock.instant();
    boolean holds =
        now.isBefore(tlsLeaf.getNotAfter().toInstant())
            && !now.isBefore(tlsLeaf.getNotBefore().toInstant());
    boolean member =
        membership.find(site).filter(s -> s.member().state() == State.ACTIVE).isPresent()
            && membership.leaves().has(site, tlsLeaf);
    return member ? holds ? Admission.ADMITTED : Admission.EXPIRED : Admission.NOT_A_MEMBER;
  }

  /**
   * Has a successor of a site's TLS certificate issued; the older one holds until its own end. The
   * same request gets the same answer again.
   *
   * @param shown the certificate of the connection that asks; it must be admitted
   * @param pkcs10 for a new key and the site's own name alone
   * @return DER, leaf first, root last
   */
  public List<byte[]> renew(SiteId site, X509Certificate shown, byte[] pkcs10)
      throws MembershipRefused, IOException {
    if (admission(site, shown) != Admission.ADMITTED) {
      throw new MembershipRefused(
          Why.WRONG_STATE, "renew %s: its certificate does not hold now".formatted(site));
    }
    Optional<List<byte[]>> before = decided(site, shown, pkcs10);
    return before.isPresent() ? before.get() : succeeded(site, pkcs10);
  }

  /**
   * Issues a successor of a TLS certificate that ended less than seven days ago. The caller has
   * verified the site's signature.
   */
  public List<byte[]> recover(SiteId site, X509Certificate expired, byte[] pkcs10)
      throws MembershipRefused, IOException {
    synchronized (this) {
      var _ = standing(site, State.ACTIVE, "renew");
      RenewalRule.checkRecoverable(membership, site, expired, clock.instant());
    }
    Optional<List<byte[]>> before = decided(site, expired, pkcs10);
    return before.isPresent() ? before.get() : succeeded(site, pkcs10);
  }

  /** Asked of the authority without holding up anybody who is looked up meanwhile. */
  private List<byte[]> succeeded(SiteId site, byte[] pkcs10) throws MembershipRefused, IOException {
    List<X509Certificate> chain = authority.issueTls(site, pkcs10);
    copy();
    synchronized (this) {
      if (!membership.leaves().has(site, chain.getFirst())) {
        throw new IOException(
            "renew %s: the authority's journal does not have what it issued".formatted(site));
      }
    }
    return ChainCheck.der(chain);
  }

  private synchronized Optional<List<byte[]>> decided(
      SiteId site, X509Certificate shown, byte[] pkcs10) throws MembershipRefused {
    SpiffeId name = SpiffeId.site(authority.trustDomain(), site.value());
    RenewalRule.checkNewKey(site, shown, pkcs10);
    return RenewalRule.decide(membership, name, pkcs10, clock.instant());
  }

  /** TLS certificates of sites that were shut out, as long as they would hold. */
  synchronized List<CertificateAuthority.Revoked> revoked() {
    return membership.revoked(clock.instant());
  }

  /** Every site that was ever invited, sorted. */
  public synchronized List<Member> list() {
    return membership.list();
  }

  /** The consortium's root certificate. */
  public X509Certificate root() {
    return authority.root();
  }

  /** The trust domain of all names. */
  public String trustDomain() {
    return authority.trustDomain();
  }

  private synchronized Standing standing(SiteId site, State required, String step)
      throws MembershipRefused {
    return membership.require(site, required, step);
  }

  /** Journals and applies an event; false if it was taken before. */
  private synchronized boolean take(JournalEntry.Event event) throws IOException {
    MembershipEvent decoded;
    try {
      decoded = MembershipEvent.decoded(event); // before it is kept
    } catch (IllegalStateException broken) {
      throw new IOException("copy the authority's memberships: " + broken.getMessage(), broken);
    }
    try {
      for (JournalEntry entry : journal.append(List.of(event))) {
        membership.apply(decoded, entry.time());
      }
      return true;
    } catch (JournalConflict before) {
      LOG.debug("taken before: {}", before.getMessage());
      return false;
    }
  }
}
