package org.consilium.coordinator.consortium;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.consilium.coordinator.consortium.Member.State;
import org.consilium.coordinator.consortium.Membership.Invitation;
import org.consilium.coordinator.consortium.Membership.Standing;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;

/**
 * The hospitals that belong together: invited by a one-time token, approved by people who compared
 * a fingerprint, shut out at any time. Every step is journaled before it counts. Safe for use by
 * many threads.
 */
public final class Consortium {
  private static final Duration INVITATION_MIN = Duration.ofMinutes(1);
  private static final Duration INVITATION_MAX = Duration.ofDays(3);

  private final Journal journal;
  private final CertificateAuthority authority;
  private final Duration tlsLife;
  private final InstantSource clock;
  private final SecureRandom random;
  private final Membership membership = new Membership();
  private final List<Consumer<SiteId>> revocationListeners = new CopyOnWriteArrayList<>();

  private Consortium(
      Journal journal,
      CertificateAuthority authority,
      Duration tlsLife,
      InstantSource clock,
      SecureRandom random) {
    this.journal = journal;
    this.authority = authority;
    this.tlsLife = tlsLife;
    this.clock = clock;
    this.random = random;
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

  /**
   * Rebuilds the consortium from its journal.
   *
   * @param tlsLife how long a site's TLS certificate lives: 1 minute to 7 days
   */
  public static Consortium open(
      Journal journal,
      CertificateAuthority authority,
      Duration tlsLife,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    Consortium consortium = new Consortium(journal, authority, tlsLife, clock, random);
    journal.replay(
        MembershipEvent.STREAM,
        entry -> consortium.membership.apply(MembershipEvent.decoded(entry.event()), entry.time()));
    return consortium;
  }

  /** Gives out a one-time token for a site; an older unused one of the same site ends. */
  public synchronized JoinToken invite(SiteId site, Duration ttl, Address address)
      throws MembershipRefused, IOException {
    if (ttl.compareTo(INVITATION_MIN) < 0 || ttl.compareTo(INVITATION_MAX) > 0) {
      throw new MembershipRefused(
          Why.BAD_REQUEST,
          "invite %s for %s: allowed are %s to %s"
              .formatted(site, ttl, INVITATION_MIN, INVITATION_MAX));
    }
    Optional<State> state = membership.find(site).map(s -> s.member().state());
    if (state.isPresent() && (state.get() == State.PENDING || state.get() == State.ACTIVE)) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "invite %s: it is %s; %s first"
              .formatted(site, state.get(), state.get() == State.ACTIVE ? "revoke" : "deny"));
    }
    JoinToken token =
        new JoinToken(
            site.value(),
            address.host(),
            address.sitePort(),
            address.enrolmentPort(),
            authority.rootFingerprint(),
            JoinToken.newSecret(random),
            clock.instant().plus(ttl));
    append(
        new MembershipEvent.Invited(site, Digest.of(token.secretDigest().bytes()), token.expiry()));
    return token;
  }

  /**
   * Spends a token: the request then waits for people.
   *
   * @param secret the token's 32 bytes
   * @return fingerprint of the TLS key, which both ends show
   */
  public synchronized Fingerprint enrol(SiteId site, byte[] secret, KeyRequests requests)
      throws MembershipRefused, IOException {
    Digest token = Digest.sha256(secret);
    Optional<Invitation> invitation = membership.invitation(token);
    if (invitation.isEmpty() || !invitation.get().site().equals(site)) {
      throw new MembershipRefused(
          Why.TOKEN_UNKNOWN, "enrol %s: the token is not for this site".formatted(site));
    }
    if (invitation.get().spent()) {
      throw spent(site);
    }
    if (!clock.instant().isBefore(invitation.get().expiry())) {
      throw new MembershipRefused(
          Why.TOKEN_EXPIRED,
          "enrol %s: the token ended %s; ask for a new one"
              .formatted(site, invitation.get().expiry()));
    }
    boolean current =
        membership
            .find(site)
            .filter(s -> s.member().state() == State.INVITED)
            .flatMap(Standing::token)
            .filter(token::equals)
            .isPresent();
    if (!current) {
      throw new MembershipRefused(
          Why.TOKEN_UNKNOWN, "enrol %s: a newer token replaced this one".formatted(site));
    }
    Fingerprint key = checked(site, requests);
    append(new MembershipEvent.Requested(site, token, requests));
    return key;
  }

  /** What became of a site's request. */
  public synchronized Collected collect(SiteId site, Digest tlsKey) throws MembershipRefused {
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

  /**
   * Approves a waiting request and issues its certificates.
   *
   * @param fingerprint what the site's screen shows: six words, or 64 hexadecimal digits
   */
  public synchronized Member approve(SiteId site, String fingerprint)
      throws MembershipRefused, IOException {
    Standing standing = standing(site, State.PENDING, "approve");
    Fingerprint key = standing.member().key().orElseThrow();
    if (!Typed.isFingerprint(key, fingerprint)) {
      throw new MembershipRefused(
          Why.FINGERPRINT,
          "approve %s: what you typed is not the fingerprint of the waiting request; compare it"
                  .formatted(site)
              + " with the site by telephone, and deny the request when it differs");
    }
    KeyRequests requests = standing.requests().orElseThrow();
    try {
      append(
          new MembershipEvent.Approved(
              site,
              Digest.of(key.bytes()),
              IssuedLeaves.der(issueTls(site, requests.tls())),
              IssuedLeaves.der(issueSigning(site, requests))));
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "approve %s: %s".formatted(site, refused.getMessage()));
    }
    return standing(site, State.ACTIVE, "approve").member();
  }

  /** Refuses a waiting request. */
  public synchronized Member deny(SiteId site, String reason)
      throws MembershipRefused, IOException {
    Fingerprint key = standing(site, State.PENDING, "deny").member().key().orElseThrow();
    append(new MembershipEvent.Denied(site, Digest.of(key.bytes()), Typed.reason(reason)));
    return standing(site, State.DENIED, "deny").member();
  }

  /** Shuts a site out at once: its calls are refused and its open streams close. */
  public Member revoke(SiteId site, String reason) throws MembershipRefused, IOException {
    Member member;
    synchronized (this) {
      Fingerprint key = standing(site, State.ACTIVE, "revoke").member().key().orElseThrow();
      append(new MembershipEvent.Revoked(site, Digest.of(key.bytes()), Typed.reason(reason)));
      member = standing(site, State.REVOKED, "revoke").member();
    }
    revocationListeners.forEach(listener -> listener.accept(site));
    return member;
  }

  /** Tells {@code listener} of every later revocation, on the thread that revokes. */
  public void onRevocation(Consumer<SiteId> listener) {
    revocationListeners.add(listener);
  }

  /** A site that may take part, with its keys. */
  public synchronized Optional<EnrolledSite> enrolled(SiteId site) {
    return membership
        .find(site)
        .filter(s -> s.member().state() == State.ACTIVE)
        .map(
            s -> {
              List<X509Certificate> chain = IssuedLeaves.parsed(s.signingChain());
              Fingerprint key = Fingerprint.of(chain.getFirst().getPublicKey());
              return new EnrolledSite(site, chain, Digest.of(key.bytes()));
            });
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
   * Issues a successor of a site's TLS certificate; the older one holds until its own end. The same
   * request gets the same answer again.
   *
   * @param shown the certificate of the connection that asks; it must be admitted
   * @param pkcs10 for a new key and the site's own name alone
   * @return DER, leaf first, root last
   */
  public synchronized List<byte[]> renew(SiteId site, X509Certificate shown, byte[] pkcs10)
      throws MembershipRefused, IOException {
    if (admission(site, shown) != Admission.ADMITTED) {
      throw new MembershipRefused(
          Why.WRONG_STATE, "renew %s: its certificate does not hold now".formatted(site));
    }
    return succeeded(site, shown, pkcs10);
  }

  /**
   * Issues a successor of a TLS certificate that ended less than seven days ago. The caller has
   * verified the site's signature.
   */
  public synchronized List<byte[]> recover(SiteId site, X509Certificate expired, byte[] pkcs10)
      throws MembershipRefused, IOException {
    var _ = standing(site, State.ACTIVE, "renew");
    RenewalRule.checkRecoverable(membership, site, expired, clock.instant());
    return succeeded(site, expired, pkcs10);
  }

  private List<byte[]> succeeded(SiteId site, X509Certificate shown, byte[] pkcs10)
      throws MembershipRefused, IOException {
    SpiffeId name = SpiffeId.site(authority.trustDomain(), site.value());
    var before = RenewalRule.decide(membership, name, shown, pkcs10, clock.instant());
    if (before.isPresent()) {
      return before.get().chain();
    }
    try {
      List<byte[]> chain = IssuedLeaves.der(issueTls(site, pkcs10));
      Digest key = Digest.of(KeyRequest.fingerprint(pkcs10).bytes());
      append(new MembershipEvent.Renewed(site, key, chain));
      return chain;
    } catch (CertificateRefused refused) {
      throw RenewalRule.refused(site, String.valueOf(refused.getMessage()));
    }
  }

  /** TLS certificates of sites that were shut out, as long as they would hold. */
  synchronized List<CertificateAuthority.Revoked> revoked() {
    return membership.leaves().revoked(clock.instant());
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

  private Fingerprint checked(SiteId site, KeyRequests requests) throws MembershipRefused {
    try {
      for (byte[] request : List.of(requests.tls(), requests.signing())) {
        Digest key = Digest.of(KeyRequest.fingerprint(request).bytes());
        if (membership.holder(key).filter(h -> !h.equals(site)).isPresent()) {
          throw new MembershipRefused(
              Why.BAD_REQUEST, "enrol %s: the key belongs to another site".formatted(site));
        }
      }
      // Issuing is the one complete check of a request. The results are dropped: a request that
      // could never be approved must not spend the token.
      var _ = issueTls(site, requests.tls());
      var _ = issueSigning(site, requests);
      return KeyRequest.fingerprint(requests.tls());
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "enrol %s: %s".formatted(site, refused.getMessage()));
    }
  }

  private List<X509Certificate> issueTls(SiteId site, byte[] pkcs10) throws CertificateRefused {
    return authority.issue(
        pkcs10,
        SpiffeId.site(authority.trustDomain(), site.value()),
        Leaf.SITE_TLS.terms().withValidity(tlsLife));
  }

  private List<X509Certificate> issueSigning(SiteId site, KeyRequests requests)
      throws CertificateRefused {
    return authority.issue(
        requests.signing(),
        SpiffeId.siteSigning(authority.trustDomain(), site.value()),
        Leaf.SITE_SIGNING);
  }

  private Standing standing(SiteId site, State required, String step) throws MembershipRefused {
    Standing standing =
        membership
            .find(site)
            .orElseThrow(
                () ->
                    new MembershipRefused(
                        Why.NOT_FOUND, "%s %s: no such site".formatted(step, site)));
    if (standing.member().state() != required) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "%s %s: it is %s, not %s".formatted(step, site, standing.member().state(), required));
    }
    return standing;
  }

  private void append(MembershipEvent event) throws MembershipRefused, IOException {
    try {
      for (JournalEntry entry : journal.append(List.of(event.encoded()))) {
        membership.apply(event, entry.time());
      }
    } catch (JournalConflict conflict) {
      throw event instanceof MembershipEvent.Requested
          ? spent(event.site())
          : new MembershipRefused(
              Why.WRONG_STATE, "site %s: this was done before".formatted(event.site()));
    }
  }

  private static MembershipRefused spent(SiteId site) {
    return new MembershipRefused(
        Why.TOKEN_SPENT, "enrol %s: the token was used before".formatted(site));
  }
}
