/**
 * A disk in memory under the file API that the product uses. In: every read, write, force and
 * rename of one virtual machine. Out: what would be left of them after a crash. Every operation can
 * fail, or end the process.
 */
@NullMarked
package org.consilium.sim.virtual.disk;

import org.jspecify.annotations.NullMarked;
