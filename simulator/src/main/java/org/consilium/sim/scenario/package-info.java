/**
 * What is simulated: the sites, how their data differ, and what goes wrong. In: a scenario and a
 * seed. Out: case files for each site and the study's file.
 */
@NullMarked
package org.consilium.sim.scenario;

import org.jspecify.annotations.NullMarked;
