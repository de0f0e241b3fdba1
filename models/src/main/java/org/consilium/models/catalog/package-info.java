/**
 * The architectures that a study may name. In: a model specification. Out: its tensors' names,
 * shapes and reproducible starting values. Pure Java, no engine: the coordinator uses it.
 */
@NullMarked
package org.consilium.models.catalog;

import org.jspecify.annotations.NullMarked;
