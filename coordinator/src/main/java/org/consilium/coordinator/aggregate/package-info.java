/**
 * Accepted updates to one server step. In: sealed spools and the base model. Out: the next model,
 * the same bytes whatever the order of sites and the number of threads.
 */
@NullMarked
package org.consilium.coordinator.aggregate;

import org.jspecify.annotations.NullMarked;
