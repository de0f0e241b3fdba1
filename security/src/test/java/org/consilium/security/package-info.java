/** Shared by the tests of the security rooms: known answers. */
@NullMarked
package org.consilium.security;

import org.jspecify.annotations.NullMarked;
