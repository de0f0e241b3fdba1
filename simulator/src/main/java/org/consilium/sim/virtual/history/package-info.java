/**
 * What happened in a simulated run, and whether it was right. In: everything that a site, the
 * coordinator's journal or a disk could have seen. Out: the invariants that do not hold.
 */
@NullMarked
package org.consilium.sim.virtual.history;

import org.jspecify.annotations.NullMarked;
