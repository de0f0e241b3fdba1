/**
 * An audit log that others can hold its keeper to: canonical entries in; signed checkpoints, proofs
 * that one continues another, and cosignatures out.
 */
@NullMarked
package org.consilium.security.witness;

import org.jspecify.annotations.NullMarked;
