/**
 * What a model is trained for. In: logits and labels as plain arrays. Out: a loss and its slope by
 * every logit, in double precision, without the engine.
 */
@NullMarked
package org.consilium.models.task;

import org.jspecify.annotations.NullMarked;
