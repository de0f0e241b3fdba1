/**
 * The machines of a simulated consortium: a coordinator, sites, and the wire between them. Real
 * rooms of both services on virtual disks, driven by events of virtual time instead of threads.
 */
@NullMarked
package org.consilium.sim.virtual.part;

import org.jspecify.annotations.NullMarked;
