/**
 * What federated algorithms ask of a site's training, as pure functions on vectors, and of the
 * vector that it sends. In: gradients, parameters, a plan. Out: gradients, parameters, layouts; no
 * engine, no network.
 */
@NullMarked
package org.consilium.models.federated;

import org.jspecify.annotations.NullMarked;
