/**
 * Charts as inline SVG text: lines, bars with intervals, and a timeline. In: series of numbers.
 * Out: markup that takes its colours from the page, so that it serves light and dark alike.
 */
@NullMarked
package org.consilium.sim.chart;

import org.jspecify.annotations.NullMarked;
