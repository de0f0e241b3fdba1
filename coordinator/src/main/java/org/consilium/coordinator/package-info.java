/**
 * The coordinator's program: its settings and the wiring of all rooms. In: a command line. Out: a
 * running service, or an answer on standard output and an exit code.
 */
@NullMarked
package org.consilium.coordinator;

import org.jspecify.annotations.NullMarked;
