package org.consilium.coordinator.issuing;

import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.consortium.KeyRequests;
import org.consilium.coordinator.consortium.Member.State;
import org.consilium.coordinator.consortium.Membership;
import org.consilium.coordinator.consortium.Membership.Invitation;
import org.consilium.coordinator.consortium.Membership.Standing;
import org.consilium.coordinator.consortium.MembershipEvent;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.coordinator.consortium.RenewalRule;
import org.consilium.coordinator.consortium.Typed;
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
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.Roster;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;

/**
 * Tokens, requests and certificates of sites: decides what may happen and says it as an event;
 * changes only by {@link #apply}. Not thread-safe.
 */
final class Admissions {
  private static final Duration INVITATION_MIN = Duration.ofHours(1);
  private static final Duration INVITATION_MAX = Duration.ofDays(3);

  /** An administrator's clock may be off by this. */
  private static final Duration SKEW = Duration.ofMinutes(5);

  private final CertificateAuthority authority;
  private final Duration siteLife;
  private final InstantSource clock;
  private final Membership membership = new Membership();
  private final Refusals refusals;
  private final Map<SiteId, String> inviters = new HashMap<>();
  private final Map<SiteId, Long> revoked = new HashMap<>();

  Admissions(CertificateAuthority authority, Duration siteLife, InstantSource clock) {
    this.authority = authority;
    this.siteLife = siteLife;
    this.clock = clock;
    this.refusals = new Refusals(clock);
  }

  /** A request that may be journaled. */
  record Admissible(MembershipEvent event, Fingerprint key) {}

  void apply(JournalEntry entry) {
    MembershipEvent event = MembershipEvent.decoded(entry.event());
    membership.apply(event, entry.time());
    if (event instanceof MembershipEvent.Revoked) {
      revoked.put(event.site(), entry.sequence());
    }
  }

  /** Remembers who gave out the newest token of a site. */
  void carried(Decision decision) {
    if (decision.motion().act() == Act.INVITE_SITE) {
      inviters.put(new SiteId(decision.motion().subject()), decision.motion().proposer());
    }
  }

  long revokedAt(SiteId site) {
    return revoked.getOrDefault(site, -1L);
  }

  /**
   * A person's token for a site.
   *
   * @param announced whether the site's addition waits for a second person
   * @param readmitted whether two persons took back its revocation
   */
  MembershipEvent invite(
      Motion motion, String person, Roster roster, boolean announced, boolean readmitted)
      throws MembershipRefused {
    SiteId site = new SiteId(motion.subject());
    byte[] detail = motion.detail();
    if (detail.length != Fingerprint.BYTES + Long.BYTES) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "invite %s: %d bytes of detail".formatted(site, detail.length));
    }
    if (!roster.has(site.value()) && !announced) {
      throw new MembershipRefused(
          Why.NOT_ON_ROSTER, "invite %s: nobody has proposed to add it".formatted(site));
    }
    Instant expiry = Instant.ofEpochSecond(ByteBuffer.wrap(detail, 32, 8).getLong());
    Duration life = Duration.between(clock.instant(), expiry);
    if (life.plus(SKEW).compareTo(INVITATION_MIN) < 0
        || life.minus(SKEW).compareTo(INVITATION_MAX) > 0) {
      throw new MembershipRefused(
          Why.BAD_REQUEST,
          "invite %s until %s: a token lives %d to %d hours"
              .formatted(site, expiry, INVITATION_MIN.toHours(), INVITATION_MAX.toHours()));
    }
    Optional<State> state = membership.find(site).map(s -> s.member().state());
    if (state.isPresent() && (state.get() == State.PENDING || state.get() == State.ACTIVE)) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "invite %s: it is %s; %s first"
              .formatted(site, state.get(), state.get() == State.ACTIVE ? "revoke" : "deny"));
    }
    if (state.isPresent() && state.get() == State.REVOKED && !readmitted) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "invite %s: %s cannot bring a revoked site back alone; two persons readmit it first"
              .formatted(site, person));
    }
    byte[] token = new byte[Fingerprint.BYTES];
    ByteBuffer.wrap(detail).get(token);
    return new MembershipEvent.Invited(site, Digest.of(token), expiry);
  }

  /** Spends a token, if everything about the request is right. */
  Admissible enrol(Roster roster, SiteId site, byte[] secret, KeyRequests requests, byte[] binding)
      throws MembershipRefused {
    try {
      Digest token = Digest.sha256(secret);
      checkToken(site, token);
      if (!roster.has(site.value())) {
        throw new MembershipRefused(
            Why.NOT_ON_ROSTER,
            "enrol %s: a second person has not approved the site yet".formatted(site));
      }
      Fingerprint key = checked(site, requests);
      checkBinding(site, token, requests, binding);
      return new Admissible(new MembershipEvent.Requested(site, token, requests), key);
    } catch (MembershipRefused refused) {
      if (refusals.over(site.value())) {
        throw new MembershipRefused(
            Why.TOO_MANY,
            "enrol: over %d refused requests for a site, or %d in all, in a minute"
                .formatted(Refusals.A_MINUTE_FOR_A_SITE_MAX, Refusals.A_MINUTE_MAX));
      }
      throw refused;
    }
  }

  private void checkToken(SiteId site, Digest token) throws MembershipRefused {
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
  }

  static MembershipRefused spent(SiteId site) {
    return new MembershipRefused(
        Why.TOKEN_SPENT, "enrol %s: the token was used before".formatted(site));
  }

  private Fingerprint checked(SiteId site, KeyRequests requests) throws MembershipRefused {
    try {
      checkHolder(site, requests.tls());
      checkHolder(site, requests.signing());
      // Issuing is the one complete check of a request. The results are dropped: a request that
      // could never be approved must not spend the token.
      var _ = issueTls(site, requests.tls());
      var _ = issueSigning(site, requests.signing());
      return KeyRequest.fingerprint(requests.tls());
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "enrol %s: %s".formatted(site, refused.getMessage()));
    }
  }

  private void checkHolder(SiteId site, byte[] request)
      throws CertificateRefused, MembershipRefused {
    Digest key = Digest.of(KeyRequest.fingerprint(request).bytes());
    if (membership.holder(key).filter(h -> !h.equals(site)).isPresent()) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "request of %s: the key belongs to another site".formatted(site));
    }
  }

  private static void checkBinding(SiteId site, Digest token, KeyRequests requests, byte[] binding)
      throws MembershipRefused {
    try {
      byte[] statement =
          JoinToken.statement(
              site.value(),
              new Fingerprint(token.bytes()),
              KeyRequest.fingerprint(requests.signing()));
      if (!KeyRequest.vouched(requests.tls(), statement, binding)) {
        throw new MembershipRefused(
            Why.BAD_REQUEST,
            "enrol %s: the TLS key does not vouch for this token and signing key".formatted(site));
      }
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "enrol %s: %s".formatted(site, refused.getMessage()));
    }
  }

  /** A person compared fingerprints: both certificates of the waiting request are issued. */
  MembershipEvent admit(Motion motion, String person, Roster roster) throws MembershipRefused {
    SiteId site = new SiteId(motion.subject());
    KeyRequests requests =
        membership.require(site, State.PENDING, "approve").requests().orElseThrow();
    if (person.equals(inviters.get(site))) {
      throw new MembershipRefused(
          Why.SAME_PERSON,
          "approve %s: %s gave out its token; another person approves".formatted(site, person));
    }
    if (!roster.has(site.value())) {
      throw new MembershipRefused(
          Why.NOT_ON_ROSTER, "approve %s: it was removed meanwhile".formatted(site));
    }
    try {
      Fingerprint tls = KeyRequest.fingerprint(requests.tls());
      Fingerprint signing = KeyRequest.fingerprint(requests.signing());
      byte[] waiting =
          ByteBuffer.allocate(2 * Fingerprint.BYTES).put(tls.bytes()).put(signing.bytes()).array();
      if (!java.security.MessageDigest.isEqual(waiting, motion.detail())) {
        throw new MembershipRefused(
            Why.FINGERPRINT,
            "approve %s: the signature is for other keys than those that wait".formatted(site));
      }
      return new MembershipEvent.Approved(
          site,
          Digest.of(tls.bytes()),
          ChainCheck.der(issueTls(site, requests.tls())),
          ChainCheck.der(issueSigning(site, requests.signing())));
    } catch (CertificateRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "approve %s: %s".formatted(site, refused.getMessage()));
    }
  }

  /**
   * A site's next TLS certificate.
   *
   * @param event to journal; empty when the same request was answered before
   */
  record Renewal(List<X509Certificate> chain, Optional<MembershipEvent> event) {}

  /** A new TLS certificate: only for a key that the site's signing key vouches for. */
  Renewal renew(Roster roster, SiteId site, byte[] pkcs10) throws MembershipRefused {
    Standing standing = membership.require(site, State.ACTIVE, "renew");
    if (!roster.has(site.value())) {
      throw new MembershipRefused(
          Why.NOT_ON_ROSTER, "renew %s: it is not on the roster".formatted(site));
    }
    try {
      X509Certificate signer = ChainCheck.parse(standing.signingChain()).getFirst();
      Instant end = signer.getNotAfter().toInstant();
      if (!clock.instant().isBefore(end)) {
        throw new MembershipRefused(
            Why.WRONG_STATE,
            "renew %s: its signing certificate ended %s; it has to join again"
                .formatted(site, end));
      }
      VerifyingKey signing = VerifyingKey.of(signer);
      boolean endorsed =
          KeyRequest.endorsement(pkcs10)
              .filter(e -> signing.verify(KeyRequest.ENDORSEMENT, e.keyInfo(), e.signature()))
              .isPresent();
      if (!endorsed) {
        throw new MembershipRefused(
            Why.BAD_SIGNATURE,
            "renew %s: the site's signing key does not vouch for the new key".formatted(site));
      }
      SpiffeId name = SpiffeId.site(authority.trustDomain(), site.value());
      Optional<List<byte[]>> before = RenewalRule.decide(membership, name, pkcs10, clock.instant());
      if (before.isPresent()) {
        return new Renewal(ChainCheck.parse(before.get()), Optional.empty());
      }
      List<X509Certificate> chain = issueTls(site, pkcs10);
      Digest key = Digest.of(KeyRequest.fingerprint(pkcs10).bytes());
      return new Renewal(
          chain, Optional.of(new MembershipEvent.Renewed(site, key, ChainCheck.der(chain))));
    } catch (CertificateRefused | ChainRefused refused) {
      throw new MembershipRefused(
          Why.BAD_REQUEST, "renew %s: %s".formatted(site, refused.getMessage()));
    }
  }

  /** TLS certificates of sites that were shut out, as long as they would hold. */
  List<CertificateAuthority.Revoked> revoked(Instant now) {
    return membership.revoked(now);
  }

  /** Denies what waits, revokes what is active. */
  MembershipEvent shutOut(SiteId site, String reason) throws MembershipRefused {
    Standing standing =
        membership
            .find(site)
            .orElseThrow(
                () ->
                    new MembershipRefused(
                        Why.NOT_FOUND, "shut %s out: no such site".formatted(site)));
    State state = standing.member().state();
    if (state != State.PENDING && state != State.ACTIVE) {
      throw new MembershipRefused(Why.WRONG_STATE, "shut %s out: it is %s".formatted(site, state));
    }
    Digest key = Digest.of(standing.member().key().orElseThrow().bytes());
    String line = Typed.reason(reason);
    return state == State.PENDING
        ? new MembershipEvent.Denied(site, key, line)
        : new MembershipEvent.Revoked(site, key, line);
  }

  /** The same for a site that leaves the roster; nothing if it never came in. */
  List<MembershipEvent> leave(SiteId site, String reason) throws MembershipRefused {
    Optional<State> state = membership.find(site).map(s -> s.member().state());
    return state.isPresent() && (state.get() == State.PENDING || state.get() == State.ACTIVE)
        ? List.of(shutOut(site, reason))
        : List.of();
  }

  private List<X509Certificate> issueTls(SiteId site, byte[] pkcs10) throws CertificateRefused {
    return authority.issue(
        pkcs10,
        SpiffeId.site(authority.trustDomain(), site.value()),
        Leaf.SITE_TLS.terms().withValidity(siteLife));
  }

  private List<X509Certificate> issueSigning(SiteId site, byte[] pkcs10) throws CertificateRefused {
    return authority.issue(
        pkcs10, SpiffeId.siteSigning(authority.trustDomain(), site.value()), Leaf.SITE_SIGNING);
  }
}
