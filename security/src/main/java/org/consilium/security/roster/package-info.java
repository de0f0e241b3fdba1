/**
 * Who belongs to the consortium, and who said so. In: motions that persons signed. Out: the next
 * version of the roster, or a typed refusal.
 */
@NullMarked
package org.consilium.security.roster;

import org.jspecify.annotations.NullMarked;
