package org.consilium.coordinator.aggregate;

import java.nio.channels.FileChannel;
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
 */
public record SealedDelta(
    SiteId site, int weight, double norm, UpdateOpener opener, FileChannel spool) {}
