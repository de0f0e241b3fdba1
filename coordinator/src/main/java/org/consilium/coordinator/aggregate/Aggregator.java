package org.consilium.coordinator.aggregate;

import java.io.IOException;

/** A rule that turns accepted updates into the next model. */
public interface Aggregator {
  /**
   * Makes one server step: the next parameters go to {@code task.out()} block by block, in layout
   * order, and the rule's moments to their writers; all writers are left unfinished. The values
   * depend on the set of updates, the base and the moments alone.
   *
   * @throws RoundBroken if a spooled update no longer opens, which names the site, or if the masks
   *     do not come off the sum
   * @throws IOException if a file cannot be read or written
   */
  Step aggregate(AggregationTask task) throws RoundBroken, IOException;
}
