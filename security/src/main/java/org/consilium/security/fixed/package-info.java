/**
 * Fixed-point integers: float deltas in, weighted integers out whose sum is the same in any order.
 */
@NullMarked
package org.consilium.security.fixed;

import org.jspecify.annotations.NullMarked;
