/**
 * Shares cases out among sites and makes their scanners differ. In: cases with what is known of
 * each, a partition, a seed. Out: places of cases by site; shifted images.
 */
@NullMarked
package org.consilium.sim.own.cut;

import org.jspecify.annotations.NullMarked;
