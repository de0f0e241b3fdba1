package org.consilium.coordinator.consortium;

import java.time.Instant;
import java.util.Optional;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.Fingerprint;

/**
 * A site's standing, for people.
 *
 * @param state where it stands
 * @param since when it came there
 * @param key fingerprint of the TLS key that waits for approval or was approved
 * @param softwareVersion what the site said it runs; empty before it spoke
 * @param reason why it was denied or revoked; empty otherwise
 * @param expiry end of the open invitation
 */
public record Member(
    SiteId site,
    State state,
    Instant since,
    Optional<Fingerprint> key,
    String softwareVersion,
    String reason,
    Optional<Instant> expiry) {

  /** Where a site stands. */
  public enum State {
    /** A token was given out and not yet used. */
    INVITED,
    /** The token was used; people have to compare fingerprints. */
    PENDING,
    ACTIVE,
    DENIED,
    REVOKED
  }
}
