/**
 * The heart: a study's rounds and monitoring windows as values. In: events, written to the journal
 * before they are applied. Out: the next state, and effects run by one thread for each study.
 */
@NullMarked
package org.consilium.coordinator.round;

import org.jspecify.annotations.NullMarked;
