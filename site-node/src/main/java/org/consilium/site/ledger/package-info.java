/**
 * The egress ledger: what left the hospital, when, how large, who can read it. Hash-chained, on
 * local disk, forced before the bytes leave. In: one entry a message. Out: verification, export.
 */
@NullMarked
package org.consilium.site.ledger;

import org.jspecify.annotations.NullMarked;
