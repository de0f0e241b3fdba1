package org.consilium.coordinator.issuing;

import java.math.BigInteger;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateAuthority.Revoked;

/** Signs lists of revoked certificates, each with a greater number than before. Not thread-safe. */
final class RevocationSigner {
  private static final int ALSO_MAX = 1100;

  private final CertificateAuthority authority;
  private final InstantSource clock;
  private long number;

  RevocationSigner(CertificateAuthority authority, InstantSource clock) {
    this.authority = authority;
    this.clock = clock;
  }

  /**
   * The list of now.
   *
   * @param own what the authority itself revoked; it holds where both name a certificate
   * @param also what the coordinator names
   * @return DER
   */
  byte[] signed(List<Revoked> own, List<Revoked> also) throws MembershipRefused {
    if (also.size() > ALSO_MAX) {
      throw new MembershipRefused(
          Why.BAD_REQUEST,
          "revocation list: %d certificates named, at most %d".formatted(also.size(), ALSO_MAX));
    }
    Map<BigInteger, Revoked> all = new TreeMap<>();
    also.forEach(r -> all.put(r.serial(), r));
    own.forEach(r -> all.put(r.serial(), r));
    number = Math.max(number + 1, clock.instant().toEpochMilli());
    return authority.revocationList(List.copyOf(all.values()), BigInteger.valueOf(number));
  }
}
