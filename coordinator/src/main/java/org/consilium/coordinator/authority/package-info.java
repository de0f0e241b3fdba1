/**
 * The way to the issuing authority: the coordinator's client of it. In: what sites and persons
 * signed. Out: what the authority answered, typed.
 */
@NullMarked
package org.consilium.coordinator.authority;

import org.jspecify.annotations.NullMarked;
