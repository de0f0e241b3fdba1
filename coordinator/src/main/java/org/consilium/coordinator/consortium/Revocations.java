package org.consilium.coordinator.consortium;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.RevocationList;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.RevocationSource;

/**
 * The newest signed list of revoked certificates: what the coordinator checks sites by in every
 * handshake, and what sites check the coordinator by. Signed again when somebody is shut out, and
 * every hour. Safe for use by many threads.
 */
public final class Revocations implements RevocationSource {
  private static final Duration SIGN_EVERY = Duration.ofHours(1);

  private final Consortium consortium;
  private final Denylist denylist;
  private final CertificateAuthority authority;
  private final InstantSource clock;
  private Optional<Signed> newest = Optional.empty();

  /** A list with what it was made of, and when. */
  private record Signed(RevocationList list, List<Revoked> named, Instant at) {}

  public Revocations(
      Consortium consortium,
      Denylist denylist,
      CertificateAuthority authority,
      InstantSource clock) {
    this.consortium = consortium;
    this.denylist = denylist;
    this.authority = authority;
    this.clock = clock;
  }

  @Override
  public synchronized RevocationList current() throws RevocationRefused {
    List<Revoked> named = new ArrayList<>(consortium.revoked());
    named.addAll(denylist.serials());
    Instant now = clock.instant();
    Optional<Signed> kept =
        newest.filter(
            s ->
                s.named().equals(named)
                    && !now.isBefore(s.at())
                    && now.isBefore(s.at().plus(SIGN_EVERY)));
    if (kept.isPresent()) {
      return kept.get().list();
    }
    BigInteger number = BigInteger.valueOf(now.toEpochMilli());
    if (newest.isPresent()) {
      number = number.max(newest.get().list().number().add(BigInteger.ONE));
    }
    RevocationList list =
        RevocationList.read(authority.revocationList(named, number), authority.issuing());
    newest = Optional.of(new Signed(list, List.copyOf(named), now));
    return list;
  }
}
