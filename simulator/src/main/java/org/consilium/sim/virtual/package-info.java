/**
 * A consortium in one thread. In: a shape and a seed. Out: the same run, with the same faults,
 * every time, judged by the invariants of docs/reference/faults.md.
 */
@NullMarked
package org.consilium.sim.virtual;

import org.jspecify.annotations.NullMarked;
