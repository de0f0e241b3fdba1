/**
 * What a finished demonstration says, for people and for programs. In: measured numbers. Out: one
 * self-contained page and one JSON file.
 */
@NullMarked
package org.consilium.sim.report;

import org.jspecify.annotations.NullMarked;
