package org.consilium.coordinator.consortium;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.security.identity.CertificateAuthority.Revoked;
import org.consilium.security.identity.RevocationList;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.RevocationSource;
import org.consilium.security.keyfile.KeyFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest signed list of revoked certificates: what the coordinator checks sites by in every
 * handshake, and what sites check the coordinator by. Asked of the authority again when somebody is
 * shut out, and every hour. While the authority is away the last list counts until its own end;
 * whoever was shut out since is refused at the first call instead of in the handshake. Safe for use
 * by many threads.
 */
public final class Revocations implements RevocationSource {
  private static final Duration SIGN_EVERY = Duration.ofHours(1);
  private static final Duration ASK_AGAIN = Duration.ofSeconds(30);
  private static final Logger LOG = LoggerFactory.getLogger(Revocations.class);

  private final Consortium consortium;
  private final Denylist denylist;
  private final Authority authority;
  private final Path file;
  private final InstantSource clock;
  private Optional<Signed> newest = Optional.empty();
  private Instant asked = Instant.MIN;

  /** A list with what it was made of, and when. */
  private record Signed(RevocationList list, List<Revoked> named, Instant at) {}

  /**
   * Nothing is asked yet.
   *
   * @param file keeps the newest list, so that a restart does not need the authority
   */
  public Revocations(
      Consortium consortium,
      Denylist denylist,
      Authority authority,
      Path file,
      InstantSource clock) {
    this.consortium = consortium;
    this.denylist = denylist;
    this.authority = authority;
    this.file = file;
    this.clock = clock;
  }

  @Override
  public synchronized RevocationList current() throws RevocationRefused {
    List<Revoked> named = new ArrayList<>(consortium.revoked());
    named.addAll(denylist.serials());
    Instant now = clock.instant();
    if (newest.isEmpty()) {
      newest = kept();
    }
    boolean due =
        newest
            .filter(
                s ->
                    s.named().equals(named)
                        && !now.isBefore(s.at())
                        && now.isBefore(s.at().plus(SIGN_EVERY)))
            .isEmpty();
    boolean mayAsk = newest.isEmpty() || !now.isBefore(asked.plus(ASK_AGAIN));
    if (due && mayAsk) {
      ask(named, now);
    }
    return newest.orElseThrow(() -> missing("none was ever signed")).list();
  }

  private void ask(List<Revoked> named, Instant now) throws RevocationRefused {
    try {
      RevocationList list =
          RevocationList.read(authority.revocationList(named), authority.issuing());
      newest = Optional.of(new Signed(list, List.copyOf(named), now));
      asked = Instant.MIN;
      KeyFile.replace(file, list.der());
    } catch (IOException | MembershipRefused | RevocationRefused away) {
      asked = clock.instant(); // after the wait: a hung authority does not hold up every handshake
      if (newest.isEmpty()) {
        throw missing(String.valueOf(away.getMessage()));
      }
      LOG.warn(
          "the list of revoked certificates stays as it is until {}: {}",
          newest.get().list().nextUpdate(),
          away.getMessage());
    }
  }

  private Optional<Signed> kept() {
    try {
      return Files.exists(file)
          ? Optional.of(
              new Signed(
                  RevocationList.read(
                      KeyFile.read(file, RevocationList.BYTES_MAX), authority.issuing()),
                  List.of(),
                  Instant.MIN))
          : Optional.empty();
    } catch (IOException | RevocationRefused unusable) {
      LOG.warn("{} is asked for again: {}", file, unusable.getMessage());
      return Optional.empty();
    }
  }

  private static RevocationRefused missing(String why) {
    return new RevocationRefused(RevocationRefused.Reason.MISSING, why);
  }
}
