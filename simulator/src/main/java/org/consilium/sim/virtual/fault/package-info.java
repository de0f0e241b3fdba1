/**
 * What goes wrong in a simulated run, and when. In: one seed. Out: the same faults at the same
 * places of the same run, and virtual time to have them in.
 */
@NullMarked
package org.consilium.sim.virtual.fault;

import org.jspecify.annotations.NullMarked;
