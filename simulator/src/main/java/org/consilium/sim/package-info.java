/**
 * A whole consortium on one machine. In: the command line. Out: the demonstration, its report, and
 * the map of all commands.
 */
@NullMarked
package org.consilium.sim;

import org.jspecify.annotations.NullMarked;
