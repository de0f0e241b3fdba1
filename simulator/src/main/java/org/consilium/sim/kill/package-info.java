/**
 * One study between real processes, somebody who kills them, and what must be true afterwards. In:
 * how many sites and rounds, and who is killed when. Out: the last model's digest, and what journal
 * and sites say of every update.
 */
@NullMarked
package org.consilium.sim.kill;

import org.jspecify.annotations.NullMarked;
