package org.consilium.security.sign;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;

/** Validates presented signing and aggregation chains against the consortium's root. */
public final class ChainCheck implements ChainJudge {
  private static final int CHAIN_MAX = 4;
  private static final int CERTIFICATE_BYTES_MAX = 8 * 1024;

  private final X509Certificate root;
  private final String trustDomain;
  private final InstantSource clock;

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

  /** What {@link #parse} reads: DER each, in the same order. */
  public static List<byte[]> der(List<X509Certificate> chain) {
    List<byte[]> encoded = new ArrayList<>();
    try {
      for (X509Certificate certificate : chain) {
        encoded.add(certificate.getEncoded());
      }
    } catch (CertificateEncodingException broken) {
      throw new IllegalStateException("encode a certificate", broken);
    }
    return encoded;
  }

  /**
   * The name of a chain's leaf, once every signature, date, constraint and the key purpose is
   * right.
   *
   * @param chain leaf first; the root may be included and is then ignored
   * @param required the kind of name the caller needs
   */
  @Override
  public SpiffeId verify(List<X509Certificate> chain, SpiffeId.Kind required) throws ChainRefused {
    List<X509Certificate> path = chain.stream().filter(c -> !c.equals(root)).toList();
    if (path.isEmpty() || path.size() > CHAIN_MAX) {
      throw new ChainRefused(
          "%d certificates below the root, 1 to %d".formatted(path.size(), CHAIN_MAX));
    }
    X509Certificate leaf = path.getFirst();
    SpiffeId id;
    try {
      CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
      parameters.setRevocationEnabled(false); // short lives; see PeerTrust
      parameters.setDate(Date.from(clock.instant()));
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
