/**
 * The demonstration from start to end: a consortium is made, trains, is disturbed, watched and
 * judged. In: options. Out: a report and its files.
 */
@NullMarked
package org.consilium.sim.demo;

import org.jspecify.annotations.NullMarked;
