package org.consilium.security.identity;

import java.io.IOException;
import java.math.BigInteger;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/** Writes certificates in one issuer's name; decides nothing. */
final class CertificateWriter {
  static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
  private static final int SERIAL_BITS = 127; // positive, at most 16 bytes

  private final X500Name issuer;
  private final PublicKey issuerPublic;
  private final PrivateKey issuerKey;
  private final SecureRandom random;

  CertificateWriter(
      X500Name issuer, PublicKey issuerPublic, PrivateKey issuerKey, SecureRandom random) {
    this.issuer = issuer;
    this.issuerPublic = issuerPublic;
    this.issuerKey = issuerKey;
    this.random = random;
  }

  /** Validity: from 5 minutes before {@code now} to {@code now + life}. */
  record Span(Instant now, Duration life) {
    Date start() {
      return Date.from(now.minus(CLOCK_SKEW));
    }

    Date end() {
      return Date.from(now.plus(life));
    }
  }

  /**
   * A CA certificate: the root when the subject is the issuer (path length 1), else an issuing one
   * (path length 0, URI names constrained to the trust domain's host).
   */
  X509Certificate authority(
      X500Name subject, SubjectPublicKeyInfo key, Span span, String trustDomain) {
    boolean self = subject.equals(issuer);
    try {
      X509v3CertificateBuilder builder = builder(subject, key, span);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(self ? 1 : 0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(
              new GeneralName(GeneralName.uniformResourceIdentifier, "spiffe://" + trustDomain)));
      if (!self) {
        GeneralSubtree allowed =
            new GeneralSubtree(new GeneralName(GeneralName.uniformResourceIdentifier, trustDomain));
        builder.addExtension(
            Extension.nameConstraints,
            true,
            new NameConstraints(new GeneralSubtree[] {allowed}, null));
      }
      return sign(builder);
    } catch (IOException unexpected) {
      throw new IllegalStateException("encode a certificate of the authority", unexpected);
    }
  }

  /** A leaf; the subject only repeats the name for people who read certificates. */
  X509Certificate leaf(SubjectPublicKeyInfo key, SpiffeId id, Leaf.Terms terms, Span span) {
    Leaf leaf = terms.leaf();
    try {
      X509v3CertificateBuilder builder =
          builder(new X500Name("CN=" + id.path().replace('/', ' ')), key, span);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(leaf.purpose()));
      builder.addExtension(Extension.subjectAlternativeName, false, names(id, terms.hosts()));
      if (terms.sealingKey().isPresent()) {
        builder.addExtension(
            Leaf.SEALING_KEY, false, new DEROctetString(terms.sealingKey().get().bytes()));
      }
      return sign(builder);
    } catch (IOException unexpected) {
      throw new IllegalStateException("encode a certificate for " + id, unexpected);
    }
  }

  /** A list of revoked certificates, dated back like a certificate. */
  byte[] revocations(List<CertificateAuthority.Revoked> revoked, BigInteger number, Span span) {
    try {
      X509v2CRLBuilder builder = new X509v2CRLBuilder(issuer, span.start());
      builder.setNextUpdate(span.end());
      for (CertificateAuthority.Revoked one : revoked) {
        builder.addCRLEntry(one.serial(), Date.from(one.since()), CRLReason.privilegeWithdrawn);
      }
      builder.addExtension(Extension.cRLNumber, false, new CRLNumber(number));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(issuerPublic));
      var signer =
          new JcaContentSignerBuilder("SHA384withECDSA").setSecureRandom(random).build(issuerKey);
      return builder.build(signer).getEncoded();
    } catch (IOException | NoSuchAlgorithmException | OperatorCreationException unexpected) {
      throw new IllegalStateException("sign a revocation list", unexpected);
    }
  }

  static boolean isHost(String host) {
    return IPAddress.isValid(host) || host.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?");
  }

  private static GeneralNames names(SpiffeId id, List<String> hosts) {
    List<GeneralName> names = new ArrayList<>();
    names.add(new GeneralName(GeneralName.uniformResourceIdentifier, id.toString()));
    for (String host : hosts) {
      int kind = IPAddress.isValid(host) ? GeneralName.iPAddress : GeneralName.dNSName;
      names.add(new GeneralName(kind, host));
    }
    return new GeneralNames(names.toArray(new GeneralName[0]));
  }

  private X509v3CertificateBuilder builder(X500Name subject, SubjectPublicKeyInfo key, Span span)
      throws IOException {
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            issuer,
            new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE),
            span.start(),
            span.end(),
            subject,
            key);
    try {
      JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(key));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          extensions.createAuthorityKeyIdentifier(issuerPublic));
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every JDK has SHA-1 for key identifiers", absent);
    }
    return builder;
  }

  private X509Certificate sign(X509v3CertificateBuilder builder) throws IOException {
    try {
      var signer =
          new JcaContentSignerBuilder("SHA384withECDSA").setSecureRandom(random).build(issuerKey);
      return Pem.certificate(builder.build(signer).getEncoded());
    } catch (OperatorCreationException | CertificateException unexpected) {
      throw new IllegalStateException("sign a certificate", unexpected);
    }
  }
}
