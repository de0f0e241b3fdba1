package org.consilium.coordinator.aggregate;

import java.nio.channels.FileChannel;
import java.util.Optional;
import org.consilium.models.federated.CoarseVector;
import org.consilium.protocol.SiteId;
import org.consilium.security.seal.UpdateOpener;

/**
 * One site's accepted update on disk.
 *
 * @param site whose
 * @param weight w, as accepted
 * @param norm L2 norm of its delta, as measured when it came in
 * @param opener opens its chunks; each thread works on a copy of it
 * @param spool the sealed chunks, one after the other; open for reading, closed by the caller
 * @param coarse how a narrow update's values are read; empty where they are in full
 */
public record SealedDelta(
    SiteId site,
    int weight,
    double norm,
    UpdateOpener opener,
    FileChannel spool,
    Optional<CoarseVector> coarse) {
  /** In full. */
  public SealedDelta(SiteId site, int weight, double norm, UpdateOpener opener, FileChannel spool) {
    this(site, weight, norm, opener, spool, Optional.empty());
  }

  /** Bytes of one value, if the round's ring has values of {@code ring} bytes. */
  int valueBytes(int ring) {
    return coarse.map(CoarseVector::valueBytes).orElse(ring);
  }
}
