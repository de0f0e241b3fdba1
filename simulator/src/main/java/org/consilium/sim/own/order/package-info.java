/**
 * What a run on one's own cases is asked: options, study file and the file it starts from, read and
 * checked before anything starts. In: paths and words. Out: a plan, or one line of refusal.
 */
@NullMarked
package org.consilium.sim.own.order;

import org.jspecify.annotations.NullMarked;
