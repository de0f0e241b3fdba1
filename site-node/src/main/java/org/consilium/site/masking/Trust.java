package org.consilium.site.masking;

import java.io.IOException;
import org.consilium.protocol.SiteId;
import org.consilium.security.sign.ChainJudge;

/**
 * Whom a site believes in masked rounds, and who it is.
 *
 * @param chains checks the other sites' signing chains against the root
 * @param roster that every participant has to be on: a coordinator cannot fill a round with sites
 *     that no two persons agreed to
 */
public record Trust(SiteId self, ChainJudge chains, Members roster) {

  /** Who belongs to the consortium. */
  @FunctionalInterface
  public interface Members {
    /** Whether a site does. */
    boolean has(SiteId site) throws IOException;
  }
}
