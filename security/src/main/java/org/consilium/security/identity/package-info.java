/** Who is who: names, keys, certificates in; a verified name or a typed refusal out. */
@NullMarked
package org.consilium.security.identity;

import org.jspecify.annotations.NullMarked;
