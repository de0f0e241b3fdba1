/**
 * What a model is trained for, as pure arithmetic. In: what a network gave, and what it should have
 * given. Out: a loss and its slope, in double precision; no engine, no files.
 */
@NullMarked
package org.consilium.models.task;

import org.jspecify.annotations.NullMarked;
