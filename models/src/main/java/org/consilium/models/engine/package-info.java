/**
 * Training and prediction on the tensor engine, whose types stay inside. In: parameters, 8-bit
 * images, a plan. Out: parameters, logits, what training did. Every model owns its native memory
 * until closed.
 */
@NullMarked
package org.consilium.models.engine;

import org.jspecify.annotations.NullMarked;
