package org.consilium.coordinator.consortium;

import java.security.cert.X509Certificate;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/**
 * A site that was approved and not revoked.
 *
 * @param id the site
 * @param signingChain its Ed25519 signing certificate, issued by the consortium's CA, and those
 *     that vouch for it, leaf first
 * @param signingKey SHA-256 of the signing key's SubjectPublicKeyInfo
 */
public record EnrolledSite(SiteId id, List<X509Certificate> signingChain, Digest signingKey) {
  public EnrolledSite {
    signingChain = List.copyOf(signingChain);
  }

  /** The leaf of its signing chain. */
  public X509Certificate signingCertificate() {
    return signingChain.getFirst();
  }
}
