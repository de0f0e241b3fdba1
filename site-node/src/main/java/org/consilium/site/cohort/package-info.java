/**
 * The patients of this hospital that a study may use. In: files named by the hospital. Out: images
 * and labels in memory. Nothing of it leaves this process.
 */
@NullMarked
package org.consilium.site.cohort;

import org.jspecify.annotations.NullMarked;
