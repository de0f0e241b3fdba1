/**
 * A throw-away consortium of real processes on this machine: authority, coordinator, sites. In: a
 * folder and the sites. Out: a running study, told over its REST interface.
 */
@NullMarked
package org.consilium.sim.consortium;

import org.jspecify.annotations.NullMarked;
