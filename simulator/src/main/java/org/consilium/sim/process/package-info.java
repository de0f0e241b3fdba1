/**
 * Real child processes: started, watched, restarted when they die, killed on purpose. In: commands.
 * Out: what happened to each process and its peak memory.
 */
@NullMarked
package org.consilium.sim.process;

import org.jspecify.annotations.NullMarked;
