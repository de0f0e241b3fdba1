package org.consilium.security.sign;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;

/** Validates presented signing and aggregation chains against the consortium's root. */
public final class ChainCheck {
  private static final int CHAIN_MAX = 4;
  private static final int CERTIFICATE_BYTES_MAX = 8 * 1024;
  private static final int KNOWN_MAX = 512;

  private final X509Certificate root;
  private final String trustDomain;
  private final InstantSource clock;

  /**
   * Chains that were found right, the least used first: in a masked round each comes many times.
   */
  private final Map<Known, Right> right =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Known, Right> eldest) {
          return size() > KNOWN_MAX;
        }
      };

  private record Known(List<X509Certificate> path, SpiffeId.Kind kind) {}

  /** Right at each instant from the first to the last, both included. */
  private record Right(SpiffeId id, Instant from, Instant until) {
    static Right of(SpiffeId id, List<X509Certificate> path) {
      Instant from = Instant.MIN;
      Instant until = Instant.MAX;
      for (X509Certificate one : path) {
        Instant begin = one.getNotBefore().toInstant();
        Instant end = one.getNotAfter().toInstant();
        from = begin.isAfter(from) ? begin : from;
        until = end.isBefore(until) ? end : until;
      }
      return new Right(id, from, until);
    }

    boolean at(Instant now) {
      return !now.isBefore(from) && !now.isAfter(until);
    }
  }

  /** For one consortium; certificate times are compared with the clock at each check. */
  public ChainCheck(X509Certificate root, String trustDomain, InstantSource clock) {
    this.root = root;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  /** Reads a chain off the wire: DER each, leaf first, at most 4 of at most 8 KiB. */
  public static List<X509Certificate> parse(List<byte[]> der) throws ChainRefused {
    if (der.isEmpty() || der.size() > CHAIN_MAX) {
      throw new ChainRefused("%d certificates, 1 to %d are read".formatted(der.size(), CHAIN_MAX));
    }
    List<X509Certificate> chain = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (byte[] one : der) {
        if (one.length > CERTIFICATE_BYTES_MAX) {
          throw new ChainRefused(
              "a certificate of %d bytes, at most %d".formatted(one.length, CERTIFICATE_BYTES_MAX));
        }
        chain.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(one)));
      }
    } catch (CertificateException malformed) {
      throw new ChainRefused("a certificate is malformed", malformed);
    }
    return List.copyOf(chain);
  }

  /**
   * The name of a chain's leaf, once every signature, date, constraint and the key purpose is
   * right.
   *
   * @param chain leaf first; the root may be included and is then ignored
   * @param required the kind of name the caller needs
   */
  public SpiffeId verify(List<X509Certificate> chain, SpiffeId.Kind required) throws ChainRefused {
    List<X509Certificate> path = chain.stream().filter(c -> !c.equals(root)).toList();
    if (path.isEmpty() || path.size() > CHAIN_MAX) {
      throw new ChainRefused(
          "%d certificates below the root, 1 to %d".formatted(path.size(), CHAIN_MAX));
    }
    Known known = new Known(path, required);
    Instant now = clock.instant();
    synchronized (right) {
      Right before = right.get(known);
      if (before != null && before.at(now)) {
        return before.id();
      }
    }
    SpiffeId id = validated(path, required, now);
    synchronized (right) {
      right.put(known, Right.of(id, path));
    }
    return id;
  }

  private SpiffeId validated(List<X509Certificate> path, SpiffeId.Kind required, Instant now)
      throws ChainRefused {
    X509Certificate leaf = path.getFirst();
    SpiffeId id;
    try {
      CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
      parameters.setRevocationEnabled(false); // short lives; see PeerTrust
      parameters.setDate(Date.from(now));
      var _ = CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
      id = SpiffeId.of(leaf);
    } catch (GeneralSecurityException invalid) {
      throw new ChainRefused(String.valueOf(invalid.getMessage()), invalid);
    }
    if (id.kind() != required || !id.trustDomain().equals(trustDomain)) {
      throw new ChainRefused(
          "it names %s, expected a %s of %s".formatted(id, required, trustDomain));
    }
    checkPurpose(leaf, required);
    return id;
  }

  private static void checkPurpose(X509Certificate leaf, SpiffeId.Kind kind) throws ChainRefused {
    List<String> purposes;
    try {
      purposes = leaf.getExtendedKeyUsage();
    } catch (CertificateException malformed) {
      throw new ChainRefused("its key purposes are malformed", malformed);
    }
    if (purposes == null || !purposes.equals(List.of(Leaf.of(kind).purposeOid()))) {
      throw new ChainRefused("its key is not for " + Leaf.of(kind));
    }
  }
}
