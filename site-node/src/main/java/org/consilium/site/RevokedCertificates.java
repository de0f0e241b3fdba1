package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.RevocationList;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.RevocationRefused.Reason;
import org.consilium.security.identity.RevocationSource;
import org.consilium.security.keyfile.KeyFile;

/**
 * The consortium's list of revoked certificates as this node has it, by which it checks the
 * coordinator in every handshake. Kept on disk; never replaced by an older one. Safe for use by
 * many threads.
 */
final class RevokedCertificates implements RevocationSource {
  private static final Duration FETCH_EVERY = Duration.ofHours(1);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final Path file;
  private final X509Certificate issuing;
  private final InstantSource clock;
  private final Fetch fetch;
  private Optional<RevocationList> newest = Optional.empty();
  private Instant due = Instant.MIN;

  /** Where a list comes from; over a connection of its own, since it is what others wait for. */
  interface Fetch {
    byte[] run(Credential tls) throws IOException;
  }

  /**
   * What is on disk.
   *
   * @param issuing the authority's certificate that signs lists
   */
  RevokedCertificates(Path file, X509Certificate issuing, InstantSource clock, Fetch fetch)
      throws IOException {
    this.file = file;
    this.issuing = issuing;
    this.clock = clock;
    this.fetch = fetch;
    if (Files.exists(file)) {
      try {
        newest =
            Optional.of(RevocationList.read(KeyFile.read(file, RevocationList.BYTES_MAX), issuing));
      } catch (RevocationRefused damaged) {
        newest = Optional.empty(); // as if there were none: the next fetch replaces it
      }
    }
  }

  @Override
  public synchronized RevocationList current() throws RevocationRefused {
    return newest.orElseThrow(
        () -> new RevocationRefused(Reason.MISSING, "this node has none that can be believed"));
  }

  /**
   * Fetches a list when it is time.
   *
   * @return whether it names a certificate that the former did not: then who is connected has to
   *     prove itself again
   */
  synchronized boolean refresh(Credential tls) throws IOException, RevocationRefused {
    Instant now = clock.instant();
    if (now.isBefore(due)) {
      return false;
    }
    due = now.plus(RETRY_AFTER);
    RevocationList fetched = RevocationList.read(fetch.run(tls), issuing);
    if (newest.isPresent() && fetched.number().compareTo(newest.get().number()) < 0) {
      throw new RevocationRefused(
          Reason.ROLLED_BACK,
          "number %s after %s".formatted(fetched.number(), newest.get().number()));
    }
    KeyFile.replace(file, fetched.der());
    boolean more = newest.filter(former -> !fetched.addsTo(former)).isEmpty();
    newest = Optional.of(fetched);
    due = now.plus(FETCH_EVERY);
    return more;
  }
}
