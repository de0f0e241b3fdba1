/**
 * Comparison with reference numbers from elsewhere. In: a folder with a configuration, weights,
 * inputs and expected outputs. Out: the largest difference of each output.
 */
@NullMarked
package org.consilium.models.engine.reference;

import org.jspecify.annotations.NullMarked;
