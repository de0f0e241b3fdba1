/**
 * Takes sealed updates in. In: a signed manifest and its chunks in any order. Out: an update that
 * is verified, opened, checked and on disk, or a refusal with its reason.
 */
@NullMarked
package org.consilium.coordinator.intake;

import org.jspecify.annotations.NullMarked;
