package org.consilium.coordinator.issuing;

import java.security.SecureRandom;
import java.time.InstantSource;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.RosterHead;
import org.consilium.security.roster.RosterHistory;
import org.consilium.security.roster.RosterProof;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.SigningKey;

/** Says which roster holds, with a signing key that lives in memory alone. Not thread-safe. */
final class HeadSigner {
  private static final String NAME = "main";

  private final CertificateAuthority authority;
  private final InstantSource clock;
  private final SecureRandom random;
  private Credential credential;

  HeadSigner(CertificateAuthority authority, InstantSource clock, SecureRandom random) {
    this.authority = authority;
    this.clock = clock;
    this.random = random;
    this.credential = fresh();
  }

  RosterProof proof(RosterHistory history) {
    if (!clock.instant().isBefore(credential.renewAt())) {
      credential = fresh();
    }
    byte[] head = RosterHead.of(history.roster(), clock.instant()).encoded();
    return new RosterProof(
        history.encoded(),
        head,
        SigningKey.of(credential).sign(RosterHead.LABEL, head),
        ChainCheck.der(credential.chain()));
  }

  private Credential fresh() {
    KeyRequest request = KeyRequest.signing(random);
    try {
      return request.with(
          authority.issue(
              request.pkcs10(),
              SpiffeId.authoritySigning(authority.trustDomain(), NAME),
              Leaf.AUTHORITY_SIGNING));
    } catch (CertificateRefused refused) {
      throw new IllegalStateException("issue the authority's own signing certificate", refused);
    }
  }
}
