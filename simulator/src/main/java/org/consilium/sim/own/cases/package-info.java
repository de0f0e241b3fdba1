/**
 * The cases of a run and how models are judged on them, for each kind of question; {@link
 * org.consilium.sim.own.cases.OwnWork} is the door. In: a folder or file, a plan. Out: each site's
 * files, and a report.
 */
@NullMarked
package org.consilium.sim.own.cases;

import org.jspecify.annotations.NullMarked;
