/**
 * The only exit of the hospital. In: a plain delta or plain metrics, and the signed terms of a
 * round. Out: {@code SealedUpdate} (clipped, fixed point, encrypted, signed) and {@code
 * ReleasedReport} (small cells suppressed, rounded, signed). Only this package can make them, and
 * every message, whatever it is, passes {@code EgressGate} as bytes before the transport gets it.
 */
@NullMarked
package org.consilium.site.protect;

import org.jspecify.annotations.NullMarked;
