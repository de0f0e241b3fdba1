/**
 * The hospital as a witness of the coordinator's audit log: checkpoints in, cosignatures out, and
 * only for those that continue what the hospital saw before.
 */
@NullMarked
package org.consilium.site.protect.witness;

import org.jspecify.annotations.NullMarked;
