/**
 * Forward passes, one file an architecture, headed by its paper. In: images and parameters as
 * engine arrays. Out: logits. Functions of their arguments; who calls owns every array.
 */
@NullMarked
package org.consilium.models.arch;

import org.jspecify.annotations.NullMarked;
