/**
 * A rehearsal: both services run a small study once and leave behind what makes later ones start
 * sooner.
 */
@NullMarked
package org.consilium.sim.rehearsal;

import org.jspecify.annotations.NullMarked;
