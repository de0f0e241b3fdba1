/**
 * Studies and their lifecycle. In: a study file, an administrator's commands. Out: running round
 * loops, and snapshots of what they know for the web, the metrics and the command line.
 */
@NullMarked
package org.consilium.coordinator.study;

import org.jspecify.annotations.NullMarked;
