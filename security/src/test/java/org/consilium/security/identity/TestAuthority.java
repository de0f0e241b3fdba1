package org.consilium.security.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** An authority in a folder, and credentials from it. */
final class TestAuthority {
  static final String DOMAIN = "consilium.test";
  static final SecureRandom RANDOM = new SecureRandom();

  final CertificateAuthority authority;

  TestAuthority(Path folder, Duration ago) throws IOException {
    Instant then = Instant.now().minus(ago);
    authority = CertificateAuthority.create(folder, DOMAIN, InstantSource.fixed(then), RANDOM);
  }

  Credential coordinator() throws CertificateRefused {
    return tls(
        SpiffeId.coordinator(DOMAIN, "main"),
        Leaf.COORDINATOR_TLS.terms().withHosts(List.of("localhost", "127.0.0.1", "::1")));
  }

  Credential site(String site) throws CertificateRefused {
    return tls(SpiffeId.site(DOMAIN, site), Leaf.SITE_TLS.terms());
  }

  Credential tls(SpiffeId id, Leaf.Terms terms) throws CertificateRefused {
    KeyRequest request = KeyRequest.tls(RANDOM);
    return request.with(authority.issue(request.pkcs10(), id, terms));
  }

  Credential signing(SpiffeId id, Leaf.Terms terms) throws CertificateRefused {
    KeyRequest request = KeyRequest.signing(RANDOM);
    return request.with(authority.issue(request.pkcs10(), id, terms));
  }
}
