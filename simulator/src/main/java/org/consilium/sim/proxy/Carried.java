package org.consilium.sim.proxy;

/**
 * What one connection carried.
 *
 * @param number from 1 in order of arrival
 * @param up bytes that arrived at who was dialled
 * @param down bytes that arrived at who dialled
 * @param cut whether the proxy ended it
 */
public record Carried(int number, long up, long down, boolean cut) {}
