/**
 * Judges models on local cases. In: parameters, hold-out, recent cases. Out: metrics in full
 * precision, which only {@code protect} may release.
 */
@NullMarked
package org.consilium.site.validate;

import org.jspecify.annotations.NullMarked;
