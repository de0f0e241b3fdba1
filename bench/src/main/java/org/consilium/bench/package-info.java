/** Measures the whole system on this machine. In: sizes. Out: seconds, bytes and peak memory. */
@NullMarked
package org.consilium.bench;

import org.jspecify.annotations.NullMarked;
