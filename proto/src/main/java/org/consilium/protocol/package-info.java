/**
 * The vocabulary that both ends share: records that cannot hold an illegal value, and the limits of
 * every message, queue and wait. In: plain values. Out: the same values, checked. No I/O.
 */
@NullMarked
package org.consilium.protocol;

import org.jspecify.annotations.NullMarked;
