/** Costly answers that never change, kept in bounded memory: the ones used last. */
@NullMarked
package org.consilium.security.recent;

import org.jspecify.annotations.NullMarked;
