/**
 * The hash-chained log and the Merkle tree over one: events in, lines and proofs out that cannot be
 * edited unseen.
 */
@NullMarked
package org.consilium.security.audit;

import org.jspecify.annotations.NullMarked;
