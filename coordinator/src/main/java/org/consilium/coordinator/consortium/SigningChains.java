package org.consilium.coordinator.consortium;

import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Fingerprint;

/**
 * Each site's signing certificates, parsed once: every scrape, every upload and every look of a
 * round at its roster asks for them. Another chain is parsed anew. One thread at a time.
 */
final class SigningChains {
  private final Map<SiteId, Parsed> parsed = new HashMap<>();

  private record Parsed(List<byte[]> der, EnrolledSite site) {}

  /** The site with its chain, DER, leaf first. */
  EnrolledSite of(SiteId site, List<byte[]> der) {
    Parsed known = parsed.get(site);
    if (known == null || !same(known.der(), der)) {
      List<X509Certificate> chain = IssuedLeaves.parsed(der);
      Fingerprint key = Fingerprint.of(chain.getFirst().getPublicKey());
      known = new Parsed(der, new EnrolledSite(site, chain, Digest.of(key.bytes())));
      parsed.put(site, known);
    }
    return known.site();
  }

  private static boolean same(List<byte[]> one, List<byte[]> other) {
    if (one.size() != other.size()) {
      return false;
    }
    for (int i = 0; i < one.size(); i++) {
      if (!Arrays.equals(one.get(i), other.get(i))) {
        return false;
      }
    }
    return true;
  }
}
