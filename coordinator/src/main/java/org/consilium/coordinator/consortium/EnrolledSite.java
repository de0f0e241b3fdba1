package org.consilium.coordinator.consortium;

import java.security.cert.X509Certificate;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/**
 * A site that was approved and not revoked.
 *
 * @param id the site
 * @param signingCertificate its Ed25519 signing certificate, issued by the consortium's CA
 * @param signingKey SHA-256 of the signing key's SubjectPublicKeyInfo
 */
public record EnrolledSite(SiteId id, X509Certificate signingCertificate, Digest signingKey) {}
