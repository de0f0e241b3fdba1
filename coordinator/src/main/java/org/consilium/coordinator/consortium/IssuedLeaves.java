package org.consilium.coordinator.consortium;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;

/**
 * The TLS certificates that sites hold: every one that was issued since a site was last approved,
 * the newest {@link #KEPT_MAX} of each. Not thread-safe.
 */
final class IssuedLeaves {
  /** Certificates of one site that hold at the same time: a renewal for every key it could lose. */
  static final int OPEN_MAX = 8;

  /** With lives of a minute, the last quarter of an hour; with lives of a day, two weeks. */
  private static final int KEPT_MAX = 16;

  private final Map<SiteId, Deque<Issued>> leaves = new HashMap<>();
  private final Map<BigInteger, Gone> revoked = new TreeMap<>();

  private record Gone(Instant since, Instant end) {}

  /** One certificate with its chain, DER, leaf first. */
  record Issued(X509Certificate leaf, Digest key, List<byte[]> chain) {
    Issued {
      chain = List.copyOf(chain);
    }

    Instant end() {
      return leaf.getNotAfter().toInstant();
    }
  }

  /** A site has this certificate too. */
  void add(SiteId site, List<byte[]> chain) {
    X509Certificate leaf = parsed(chain).getFirst();
    Deque<Issued> own = leaves.computeIfAbsent(site, _ -> new ArrayDeque<>());
    own.addLast(new Issued(leaf, Digest.of(Fingerprint.of(leaf.getPublicKey()).bytes()), chain));
    if (own.size() > KEPT_MAX) {
      var _ = own.removeFirst();
    }
  }

  /** A site has none any more. */
  void revoke(SiteId site, Instant since) {
    for (Issued issued : of(site)) {
      revoked.put(issued.leaf().getSerialNumber(), new Gone(since, issued.end()));
    }
    leaves.remove(site);
    revoked.values().removeIf(gone -> !since.isBefore(gone.end()));
  }

  /** The revoked certificates that would still hold, by their numbers. */
  List<Revoked> revoked(Instant now) {
    return revoked.entrySet().stream()
        .filter(e -> now.isBefore(e.getValue().end()))
        .map(e -> new Revoked(e.getKey(), e.getValue().since()))
        .toList();
  }

  /** Whether a certificate is, bit for bit, one that the site was given. */
  boolean has(SiteId site, X509Certificate leaf) {
    return of(site).stream().anyMatch(i -> i.leaf().equals(leaf));
  }

  /** The certificate that a site was given for a key. */
  Optional<Issued> find(SiteId site, Digest key) {
    return of(site).stream().filter(i -> i.key().equals(key)).findFirst();
  }

  /** How many of a site's certificates have not ended. */
  int open(SiteId site, Instant now) {
    return (int) of(site).stream().filter(i -> now.isBefore(i.end())).count();
  }

  /** The site's certificates, the oldest first. */
  List<Issued> of(SiteId site) {
    Deque<Issued> own = leaves.get(site);
    return own == null ? List.of() : List.copyOf(own);
  }

  static List<X509Certificate> parsed(List<byte[]> chain) {
    try {
      return ChainCheck.parse(chain);
    } catch (ChainRefused broken) {
      throw new IllegalStateException(
          "journal stream consortium: an issued certificate does not decode", broken);
    }
  }
}
