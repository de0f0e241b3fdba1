/**
 * The node that runs inside the hospital: commands, typed configuration, wiring, and the runner
 * that takes one task at a time through the rooms. In: command line, state folder. Out: exit codes.
 */
@NullMarked
package org.consilium.site;

import org.jspecify.annotations.NullMarked;
