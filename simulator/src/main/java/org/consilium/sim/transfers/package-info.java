/**
 * Rounds over bad lines between real processes: what crosses them at each cut, kill and restart,
 * against what had to cross them once.
 */
@NullMarked
package org.consilium.sim.transfers;

import org.jspecify.annotations.NullMarked;
