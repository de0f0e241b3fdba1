package org.consilium.coordinator.journal;

import org.consilium.protocol.SiteId;
import org.consilium.security.witness.Attribution;

/** The names under which the journal says who did something. */
public final class Actors {
  private Actors() {}

  /** The coordinator's own step: a deadline, a round, a published version. */
  public static Attribution coordinator() {
    return Attribution.of("coordinator/main", "coordinator");
  }

  /** Whoever holds the administrator's token. */
  public static Attribution administrator() {
    return Attribution.of("administrator", "coordinator-admin");
  }

  /** A person of the roster, who signed. */
  public static Attribution person(String name) {
    return Attribution.of("person/" + name, "person");
  }

  /** The issuing authority's own step: a founding, a removal that follows from a decision. */
  public static Attribution authority() {
    return Attribution.of("authority/main", "authority");
  }

  /** A site, known by its certificate or, before it has one, by its one-time token. */
  public static Attribution site(SiteId site) {
    return Attribution.of("site/" + site, "site-node");
  }
}
