/**
 * Reports as numbers: in comes a text, out come token ids of a small fixed public vocabulary. Knows
 * nothing of images, models or files.
 */
@NullMarked
package org.consilium.models.text;

import org.jspecify.annotations.NullMarked;
