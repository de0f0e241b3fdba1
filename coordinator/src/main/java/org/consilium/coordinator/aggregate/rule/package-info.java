/**
 * What becomes of the mean delta: one file an algorithm, headed by its paper. In: a block of the
 * mean and the study's optimiser state. Out: what is added to the parameters, and the next state.
 */
@NullMarked
package org.consilium.coordinator.aggregate.rule;

import org.jspecify.annotations.NullMarked;
