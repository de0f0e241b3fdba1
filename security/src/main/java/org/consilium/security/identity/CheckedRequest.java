package org.consilium.security.identity;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.consilium.security.identity.CertificateRefused.Reason;

/**
 * A certificate request that has been read: a key of an accepted type, on its curve. Subject and
 * requested extensions are deliberately not looked at.
 */
final class CheckedRequest {
  static final int BYTES_MAX = 16 * 1024;

  private static final Set<ASN1ObjectIdentifier> CURVES =
      Set.of(SECObjectIdentifiers.secp256r1, SECObjectIdentifiers.secp384r1);
  private static final Set<ASN1ObjectIdentifier> SIGNATURES =
      Set.of(
          X9ObjectIdentifiers.ecdsa_with_SHA256,
          X9ObjectIdentifiers.ecdsa_with_SHA384,
          X9ObjectIdentifiers.ecdsa_with_SHA512,
          EdECObjectIdentifiers.id_Ed25519);

  /** Attribute that holds the signature of another key on this one (a UUID under 2.25). */
  static final ASN1ObjectIdentifier ENDORSED =
      new ASN1ObjectIdentifier("2.25.275917443180437219648311529107586231174");

  private final PKCS10CertificationRequest request;
  private final SubjectPublicKeyInfo info;

  private CheckedRequest(PKCS10CertificationRequest request, SubjectPublicKeyInfo info) {
    this.request = request;
    this.info = info;
  }

  static CheckedRequest of(byte[] pkcs10) throws CertificateRefused {
    if (pkcs10.length > BYTES_MAX) {
      throw new CertificateRefused(
          Reason.TOO_LARGE, "%d bytes, at most %d".formatted(pkcs10.length, BYTES_MAX));
    }
    try {
      PKCS10CertificationRequest request = new PKCS10CertificationRequest(pkcs10);
      return new CheckedRequest(request, request.getSubjectPublicKeyInfo());
    } catch (IOException | RuntimeException malformed) { // the parser throws both on garbage
      throw new CertificateRefused(
          Reason.MALFORMED, "not a PKCS#10 request in DER (%d bytes)".formatted(pkcs10.length));
    }
  }

  byte[] keyInfo() throws CertificateRefused {
    try {
      return info.getEncoded();
    } catch (IOException malformed) {
      throw new CertificateRefused(Reason.MALFORMED, "the public key has no encoding");
    }
  }

  /** The key, once it fits the profile and has signed the request. */
  SubjectPublicKeyInfo provenKey(Leaf leaf) throws CertificateRefused {
    checkKeyType(leaf);
    proven();
    return info;
  }

  /** Refuses a request that asks for another name than {@code id}, for several, or for none. */
  void checkNames(SpiffeId id) throws CertificateRefused {
    GeneralName[] names;
    try {
      Extensions wanted = request.getRequestedExtensions();
      GeneralNames found =
          wanted == null
              ? null
              : GeneralNames.fromExtensions(wanted, Extension.subjectAlternativeName);
      names = found == null ? new GeneralName[0] : found.getNames();
    } catch (RuntimeException malformed) { // the parser throws many kinds on garbage
      throw new CertificateRefused(Reason.MALFORMED, "the requested names are malformed");
    }
    boolean same =
        names.length == 1
            && names[0].getTagNo() == GeneralName.uniformResourceIdentifier
            && names[0].getName().toString().equals(id.toString());
    if (!same) {
      throw new CertificateRefused(
          Reason.IDENTITY,
          "a renewal asks for %s alone, this one for %d names".formatted(id, names.length)
              + (names.length == 1 ? ", another" : ""));
    }
  }

  /** Another key's signature on this one, if the request has exactly one. */
  Optional<KeyRequest.Endorsed> endorsement() throws CertificateRefused {
    Attribute[] found = request.getAttributes(ENDORSED);
    if (found.length != 1 || found[0].getAttrValues().size() != 1) {
      return Optional.empty();
    }
    try {
      byte[] word = ASN1OctetString.getInstance(found[0].getAttributeValues()[0]).getOctets();
      return Optional.of(new KeyRequest.Endorsed(keyInfo(), word));
    } catch (IllegalArgumentException malformed) {
      throw new CertificateRefused(Reason.MALFORMED, "the endorsement is no octet string");
    }
  }

  boolean vouched(byte[] statement, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance("SHA256withECDSA");
      verifier.initVerify(publicKey());
      verifier.update(statement);
      return verifier.verify(signature);
    } catch (GeneralSecurityException | IOException | RuntimeException unreadable) {
      return false; // an unreadable signature proves nothing
    }
  }

  private PublicKey publicKey() throws GeneralSecurityException, IOException {
    return KeyFactory.getInstance(info.getAlgorithm().getAlgorithm().getId())
        .generatePublic(new X509EncodedKeySpec(info.getEncoded()));
  }

  private void checkKeyType(Leaf leaf) throws CertificateRefused {
    AlgorithmIdentifier algorithm = info.getAlgorithm();
    boolean elliptic = algorithm.getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey);
    boolean edwards = algorithm.getAlgorithm().equals(EdECObjectIdentifiers.id_Ed25519);
    if (leaf.tls() ? !elliptic : !edwards) {
      throw new CertificateRefused(
          Reason.KEY_TYPE,
          "%s needs %s, the key is of type %s"
              .formatted(
                  leaf,
                  leaf.tls() ? "ECDSA P-256 or P-384" : "Ed25519",
                  algorithm.getAlgorithm().getId()));
    }
    if (elliptic) {
      boolean named = algorithm.getParameters() instanceof ASN1ObjectIdentifier;
      if (!named || !CURVES.contains(algorithm.getParameters())) {
        throw new CertificateRefused(
            Reason.CURVE,
            "only P-256 and P-384, the key is on " + (named ? "another curve" : "an unnamed one"));
      }
    }
    try {
      var _ = PublicKeyFactory.createKey(info); // refuses points that are not on the curve
    } catch (IOException | RuntimeException malformed) {
      throw new CertificateRefused(Reason.MALFORMED, "the public key is not a valid point");
    }
  }

  private void proven() throws CertificateRefused {
    boolean proven;
    try {
      PublicKey key = publicKey();
      proven =
          SIGNATURES.contains(request.getSignatureAlgorithm().getAlgorithm())
              && request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key));
    } catch (GeneralSecurityException
        | OperatorCreationException
        | PKCSException
        | IOException
        | RuntimeException unreadable) { // an unreadable signature proves nothing
      proven = false;
    }
    if (!proven) {
      throw new CertificateRefused(
          Reason.PROOF_OF_POSSESSION, "the request is not signed by the key it names");
    }
  }
}
