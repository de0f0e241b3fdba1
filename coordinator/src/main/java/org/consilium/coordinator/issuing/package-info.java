/**
 * The issuing authority: a process and a key apart from the coordinator. In: signed motions, tokens
 * and requests that a relay carries. Out: certificates, memberships, the next roster.
 */
@NullMarked
package org.consilium.coordinator.issuing;

import org.jspecify.annotations.NullMarked;
