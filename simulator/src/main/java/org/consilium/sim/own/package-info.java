/**
 * A study on one's own cases: read, cut into sites, made different on purpose, run as a real
 * consortium of processes, judged. In: a study file, a folder or file, options. Out: a model, a
 * report, ledgers.
 */
@NullMarked
package org.consilium.sim.own;

import org.jspecify.annotations.NullMarked;
