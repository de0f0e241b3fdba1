/**
 * One study on one consortium of real processes, from its start to its last model, whoever's cases
 * they are. In: a study file, sites, data for their nodes. Out: model, card, ledgers, what was
 * seen.
 */
@NullMarked
package org.consilium.sim.federation;

import org.jspecify.annotations.NullMarked;
