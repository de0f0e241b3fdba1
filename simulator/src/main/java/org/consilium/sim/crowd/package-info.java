/**
 * A whole consortium in one process without sockets: the real rounds, protection, intake and
 * aggregation with as many virtual sites as a round may have. In: an order; out: what it cost.
 */
@NullMarked
package org.consilium.sim.crowd;

import org.jspecify.annotations.NullMarked;
