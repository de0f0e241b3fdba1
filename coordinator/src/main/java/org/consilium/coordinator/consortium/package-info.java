/**
 * Who belongs to the consortium: invitations, enrolment, approval, revocation. In: tokens and
 * certificate requests. Out: enrolled sites with their keys.
 */
@NullMarked
package org.consilium.coordinator.consortium;

import org.jspecify.annotations.NullMarked;
