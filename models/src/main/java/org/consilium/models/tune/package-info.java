/**
 * Which parameters a study trains and which of them travel. In: an architecture, a plan's tuning.
 * Out: layouts, starting values, and one whole model made of its parts.
 */
@NullMarked
package org.consilium.models.tune;

import org.jspecify.annotations.NullMarked;
