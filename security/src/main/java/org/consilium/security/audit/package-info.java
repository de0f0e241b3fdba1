/** The hash-chained log: events in, lines out that cannot be edited unseen. */
@NullMarked
package org.consilium.security.audit;

import org.jspecify.annotations.NullMarked;
