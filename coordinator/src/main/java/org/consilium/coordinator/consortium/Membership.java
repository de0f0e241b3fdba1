package org.consilium.coordinator.consortium;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.consortium.Member.State;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;

/** All sites' standing, rebuilt from events; only {@link #apply} changes it. Not thread-safe. */
public final class Membership {
  private final Map<SiteId, Standing> sites = new TreeMap<>();
  private final Map<Digest, Invitation> tokens = new HashMap<>();
  private final Map<Digest, SiteId> keys = new HashMap<>();
  private final IssuedLeaves leaves = new IssuedLeaves();

  /** A token that was given out. */
  public record Invitation(SiteId site, Instant expiry, boolean spent) {}

  /** One site. */
  public record Standing(
      Member member,
      Optional<Digest> token,
      Optional<KeyRequests> requests,
      List<byte[]> tlsChain,
      List<byte[]> signingChain) {}

  /** A site that was ever invited. */
  public Optional<Standing> find(SiteId site) {
    return Optional.ofNullable(sites.get(site));
  }

  /**
   * A site in the state that a step needs.
   *
   * @throws MembershipRefused if it was never invited, or is in another state
   */
  public Standing require(SiteId site, State required, String step) throws MembershipRefused {
    Standing standing =
        find(site)
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

  /** The invitation of a token's SHA-256. */
  public Optional<Invitation> invitation(Digest token) {
    return Optional.ofNullable(tokens.get(token));
  }

  /** The site that ever asked for a certificate on this key. */
  public Optional<SiteId> holder(Digest key) {
    return Optional.ofNullable(keys.get(key));
  }

  /** The TLS certificates that active sites hold. */
  IssuedLeaves leaves() {
    return leaves;
  }

  /** TLS certificates of sites that were shut out, as long as they would hold. */
  public List<CertificateAuthority.Revoked> revoked(Instant now) {
    return leaves.revoked(now);
  }

  /** All sites, sorted. */
  public List<Member> list() {
    return sites.values().stream().map(Standing::member).toList();
  }

  /** Takes the event in. */
  public void apply(MembershipEvent event, Instant time) {
    SiteId site = event.site();
    switch (event) {
      case MembershipEvent.Invited e -> {
        tokens.put(e.token(), new Invitation(site, e.expiry(), false));
        Member member =
            new Member(
                site, State.INVITED, time, Optional.empty(), "", "", Optional.of(e.expiry()));
        sites.put(
            site,
            new Standing(member, Optional.of(e.token()), Optional.empty(), List.of(), List.of()));
      }
      case MembershipEvent.Requested e -> {
        tokens.computeIfPresent(e.token(), (_, i) -> new Invitation(i.site(), i.expiry(), true));
        Fingerprint key = fingerprint(e.requests().tls());
        keys.put(Digest.of(key.bytes()), site);
        keys.put(Digest.of(fingerprint(e.requests().signing()).bytes()), site);
        Member member =
            new Member(
                site,
                State.PENDING,
                time,
                Optional.of(key),
                e.requests().softwareVersion(),
                "",
                Optional.empty());
        sites.put(
            site,
            new Standing(
                member, Optional.of(e.token()), Optional.of(e.requests()), List.of(), List.of()));
      }
      case MembershipEvent.Approved e -> {
        Standing old = standing(site);
        leaves.add(site, e.tlsChain());
        sites.put(
            site,
            new Standing(
                moved(old.member(), State.ACTIVE, time, ""),
                old.token(),
                old.requests(),
                e.tlsChain(),
                e.signingChain()));
      }
      case MembershipEvent.Renewed e -> {
        keys.put(e.tlsKey(), site);
        leaves.add(site, e.tlsChain());
        if (standing(site).member().state() != State.ACTIVE) {
          leaves.revoke(site, time); // it was shut out while the certificate was on its way
        }
      }
      case MembershipEvent.Denied e -> close(site, State.DENIED, time, e.reason());
      case MembershipEvent.Revoked e -> close(site, State.REVOKED, time, e.reason());
    }
  }

  private void close(SiteId site, State state, Instant time, String reason) {
    Standing old = standing(site);
    leaves.revoke(site, time);
    sites.put(
        site,
        new Standing(
            moved(old.member(), state, time, reason),
            old.token(),
            old.requests(),
            List.of(),
            List.of()));
  }

  private Standing standing(SiteId site) {
    return find(site)
        .orElseThrow(
            () -> new IllegalStateException("journal stream consortium: no request of " + site));
  }

  private static Member moved(Member old, State state, Instant time, String reason) {
    return new Member(
        old.site(), state, time, old.key(), old.softwareVersion(), reason, Optional.empty());
  }

  private static Fingerprint fingerprint(byte[] pkcs10) {
    try {
      return KeyRequest.fingerprint(pkcs10);
    } catch (CertificateRefused broken) {
      throw new IllegalStateException(
          "journal stream consortium: a request in it does not decode", broken);
    }
  }
}
