/**
 * One file that holds all that a coordinator on one machine needs. In: its state folder while it
 * runs. Out: the same folder elsewhere, or a refusal that names what is wrong with the file.
 */
@NullMarked
package org.consilium.coordinator.backup;

import org.jspecify.annotations.NullMarked;
