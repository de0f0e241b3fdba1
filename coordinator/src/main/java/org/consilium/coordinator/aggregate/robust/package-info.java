/**
 * Combinations of whole deltas that a minority of them cannot move far; they need every delta by
 * itself, so they cannot work under masks. In: vectors in the order of site ids. Out: one vector.
 */
@NullMarked
package org.consilium.coordinator.aggregate.robust;

import org.jspecify.annotations.NullMarked;
