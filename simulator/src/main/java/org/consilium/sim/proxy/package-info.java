/**
 * A TCP proxy that is a bad line: narrow, far, cut, silent or lossy, at seeded moments, and counts
 * what crossed it. It knows bytes alone; TLS runs through it end to end.
 */
@NullMarked
package org.consilium.sim.proxy;

import org.jspecify.annotations.NullMarked;
