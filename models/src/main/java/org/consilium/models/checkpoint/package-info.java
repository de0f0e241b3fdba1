/**
 * Published checkpoints. In: a safetensors file in the names of another library, its family, the
 * architecture that is wanted. Out: parameters in our layout, or a refusal with the tensors' names.
 */
@NullMarked
package org.consilium.models.checkpoint;

import org.jspecify.annotations.NullMarked;
