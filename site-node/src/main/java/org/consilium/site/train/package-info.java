/**
 * One task to local training to a delta. In: the round's parameters, local images, a plan, a seed.
 * Out: a delta in plain, which only {@code protect} may take, and how training went.
 */
@NullMarked
package org.consilium.site.train;

import org.jspecify.annotations.NullMarked;
