package org.consilium.coordinator.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SigningChainsTest {
  private static final SiteId NORTH = new SiteId("north");

  @TempDir Path folder;

  @Test
  void of_sameChainAgainAndThenAnother_parsesOnceAndThenAnew() throws Exception {
    SecureRandom random = new SecureRandom();
    CertificateAuthority authority =
        CertificateAuthority.create(folder, "example.org", InstantSource.system(), random);
    KeyRequest first = KeyRequest.signing(random);
    KeyRequest second = KeyRequest.signing(random);
    List<byte[]> old = chain(authority, first);
    SigningChains chains = new SigningChains();

    EnrolledSite enrolled = chains.of(NORTH, old);

    assertThat(chains.of(NORTH, old.stream().map(byte[]::clone).toList())).isSameAs(enrolled);
    assertThat(enrolled.signingKey()).isEqualTo(Digest.of(first.fingerprint().bytes()));
    assertThat(chains.of(NORTH, chain(authority, second)).signingKey())
        .isEqualTo(Digest.of(second.fingerprint().bytes()));
    assertThat(chains.of(NORTH, old).signingKey())
        .isEqualTo(Digest.of(first.fingerprint().bytes()));
  }

  private static List<byte[]> chain(CertificateAuthority authority, KeyRequest request)
      throws Exception {
    return ChainCheck.der(
        authority.issue(
            request.pkcs10(),
            SpiffeId.siteSigning("example.org", NORTH.value()),
            Leaf.SITE_SIGNING.terms()));
  }
}
