/**
 * Which sites take part next. In: who agreed, who is enrolled, who was seen lately. Out: the
 * roster, which a short reconnect does not change.
 */
@NullMarked
package org.consilium.coordinator.roster;

import org.jspecify.annotations.NullMarked;
