/**
 * Judges models on test cases that no site has, and trains baselines. In: parameters and cases.
 * Out: AUROCs with intervals.
 */
@NullMarked
package org.consilium.sim.score;

import org.jspecify.annotations.NullMarked;
