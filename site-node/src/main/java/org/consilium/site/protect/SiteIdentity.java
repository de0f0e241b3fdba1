package org.consilium.site.protect;

import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.sign.SigningKey;

/**
 * Who this site is, and the key that signs what leaves it.
 *
 * @param site name in the consortium
 * @param trustDomain the consortium
 * @param key signs manifests and reports
 * @param roundingSecret 32 bytes; decides the rounding of deltas, never leaves
 */
@SuppressWarnings("ArrayRecordComponent") // a secret: handed on, never compared or printed
public record SiteIdentity(SiteId site, String trustDomain, SigningKey key, byte[] roundingSecret) {
  /** The identity in a signing credential. */
  public static SiteIdentity of(Credential signing, byte[] roundingSecret) {
    String site =
        signing
            .id()
            .siteName()
            .orElseThrow(
                () -> new IllegalArgumentException("signing credential names no site: " + signing));
    return new SiteIdentity(
        new SiteId(site), signing.id().trustDomain(), SigningKey.of(signing), roundingSecret);
  }

  /** SHA-256 of the signing key's SubjectPublicKeyInfo. */
  public Fingerprint signingKey() {
    return key.verifyingKey().digest();
  }

  /** Never the secret. */
  @Override
  public String toString() {
    return "SiteIdentity[%s of %s]".formatted(site, trustDomain);
  }
}
