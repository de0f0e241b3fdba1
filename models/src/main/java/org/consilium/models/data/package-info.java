/**
 * Images and labels: readers of files that are not trusted, the bundled demonstration set, and the
 * generator of simulated cases. In: files, seeds. Out: {@code ImageSet}. Pure Java, no engine.
 */
@NullMarked
package org.consilium.models.data;

import org.jspecify.annotations.NullMarked;
