package org.consilium.security.identity;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.consilium.security.identity.RevocationRefused.Reason;

/**
 * A signed list of revoked certificates (RFC 5280, section 5) whose signature was verified. It
 * counts from its first to before its last instant, and whoever checks with another refuses.
 */
public final class RevocationList {
  /** Room for over a thousand entries. */
  public static final int BYTES_MAX = 64 << 10;

  private final X509CRL crl;
  private final byte[] der;
  private final BigInteger number;

  private RevocationList(X509CRL crl, byte[] der, BigInteger number) {
    this.crl = crl;
    this.der = der;
    this.number = number;
  }

  /**
   * Reads a list.
   *
   * @param issuing the authority's certificate that must have signed it
   */
  public static RevocationList read(byte[] der, X509Certificate issuing) throws RevocationRefused {
    if (der.length == 0 || der.length > BYTES_MAX) {
      throw new RevocationRefused(
          Reason.BROKEN, "%d bytes, 1 to %d are read".formatted(der.length, BYTES_MAX));
    }
    X509CRL crl;
    BigInteger number;
    try {
      crl =
          (X509CRL)
              CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
      byte[] wrapped = crl.getExtensionValue(Extension.cRLNumber.getId());
      if (wrapped == null || crl.getNextUpdate() == null) {
        throw new RevocationRefused(Reason.BROKEN, "it has no number or no end");
      }
      number = ASN1Integer.getInstance(ASN1OctetString.getInstance(wrapped).getOctets()).getValue();
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      throw new RevocationRefused(
          Reason.BROKEN, "it does not decode (%d bytes)".formatted(der.length));
    }
    try {
      crl.verify(issuing.getPublicKey());
    } catch (GeneralSecurityException forged) {
      throw new RevocationRefused(Reason.BROKEN, "it is not signed by the authority");
    }
    return new RevocationList(crl, der.clone(), number);
  }

  /** DER, a copy. */
  public byte[] der() {
    return der.clone();
  }

  /** Grows from list to list. */
  public BigInteger number() {
    return number;
  }

  /** From this instant on it no longer counts. */
  public Instant nextUpdate() {
    return crl.getNextUpdate().toInstant();
  }

  /** Whether it names a certificate that the other does not. */
  public boolean addsTo(RevocationList other) {
    return !other.serials().containsAll(serials());
  }

  private Set<BigInteger> serials() {
    Set<? extends X509CRLEntry> entries = crl.getRevokedCertificates();
    return entries == null
        ? Set.of()
        : entries.stream().map(X509CRLEntry::getSerialNumber).collect(Collectors.toSet());
  }

  /** Refuses when the list's time is over or has not come. */
  void checkTime(Instant now) throws RevocationRefused {
    Instant from = crl.getThisUpdate().toInstant();
    if (now.isBefore(from) || !now.isBefore(nextUpdate())) {
      throw new RevocationRefused(
          Reason.STALE, "it holds from %s to %s, now is %s".formatted(from, nextUpdate(), now));
    }
  }

  /**
   * Refuses unless the list knows a peer's leaf as not revoked: the JDK's checker, lists alone,
   * without a way around.
   *
   * @param chain as the peer presented it, leaf first
   */
  void check(X509Certificate[] chain, X509Certificate root, Instant now) throws RevocationRefused {
    checkTime(now);
    List<X509Certificate> path = List.of(chain).stream().filter(c -> !c.equals(root)).toList();
    try {
      CertPathValidator validator = CertPathValidator.getInstance("PKIX");
      PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
      checker.setOptions(
          EnumSet.of(
              PKIXRevocationChecker.Option.PREFER_CRLS,
              PKIXRevocationChecker.Option.NO_FALLBACK,
              PKIXRevocationChecker.Option.ONLY_END_ENTITY));
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
      parameters.setDate(Date.from(now));
      parameters.addCertPathChecker(checker);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(crl))));
      var _ =
          validator.validate(
              CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
    } catch (CertPathValidatorException refused) {
      throw new RevocationRefused(
          Reason.REVOKED,
          "%s (%s)".formatted(String.valueOf(refused.getMessage()), refused.getReason()));
    } catch (InvalidAlgorithmParameterException impossible) {
      throw new IllegalStateException("one root is a legal anchor", impossible);
    } catch (GeneralSecurityException broken) {
      throw new RevocationRefused(Reason.REVOKED, "the peer's chain does not decode");
    }
  }
}
