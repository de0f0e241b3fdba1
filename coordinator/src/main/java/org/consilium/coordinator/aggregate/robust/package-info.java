/**
 * Combinations of single deltas that a minority of them cannot move far; they cannot work under
 * masks. In: blocks of all deltas in the order of site ids, or what one pass over such blocks
 * measured. Out: a block of the combined delta, or whole-number factors; and each site's handling.
 */
@NullMarked
package org.consilium.coordinator.aggregate.robust;

import org.jspecify.annotations.NullMarked;
