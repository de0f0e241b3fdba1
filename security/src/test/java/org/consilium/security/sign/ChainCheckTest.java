package org.consilium.security.sign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChainCheckTest {
  private static final String DOMAIN = "example.org";
  private static final SpiffeId NORTH = SpiffeId.siteSigning(DOMAIN, "north");

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private ChainCheck check;
  private List<X509Certificate> chain;

  @BeforeEach
  void issue() throws Exception {
    CertificateAuthority authority =
        CertificateAuthority.create(folder.resolve("ca"), DOMAIN, () -> now, random);
    check = new ChainCheck(authority.root(), DOMAIN, () -> now);
    chain = authority.issue(KeyRequest.signing(random).pkcs10(), NORTH, Leaf.SITE_SIGNING);
  }

  @Test
  void verify_sameChainAgain_isJudgedByTheClockOfThen() throws Exception {
    Instant start = now;
    Instant end = chain.getFirst().getNotAfter().toInstant();
    assertThat(check.verify(chain, SpiffeId.Kind.SITE_SIGNING)).isEqualTo(NORTH);

    now = end;
    assertThat(check.verify(chain, SpiffeId.Kind.SITE_SIGNING)).isEqualTo(NORTH);
    now = end.plusSeconds(1);
    assertThatThrownBy(() -> check.verify(chain, SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
    now = start.minus(Duration.ofMinutes(6));
    assertThatThrownBy(() -> check.verify(chain, SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
  }

  @Test
  void verify_knownChain_isNoPassForAnotherKindOrAnotherAuthority() throws Exception {
    assertThat(check.verify(chain, SpiffeId.Kind.SITE_SIGNING)).isEqualTo(NORTH);
    assertThatThrownBy(() -> check.verify(chain, SpiffeId.Kind.SITE_NODE))
        .isInstanceOf(ChainRefused.class);

    CertificateAuthority other =
        CertificateAuthority.create(folder.resolve("other"), DOMAIN, () -> now, random);
    List<X509Certificate> theirs =
        other.issue(KeyRequest.signing(random).pkcs10(), NORTH, Leaf.SITE_SIGNING);
    assertThatThrownBy(() -> check.verify(theirs, SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
    List<X509Certificate> mixed = List.of(theirs.getFirst(), chain.get(1), chain.get(2));
    assertThatThrownBy(() -> check.verify(mixed, SpiffeId.Kind.SITE_SIGNING))
        .isInstanceOf(ChainRefused.class);
  }
}
