/**
 * Who may do what, in one table. In: the name of a remote procedure, or a verb and a path. Out: the
 * audiences it is open to; nobody, unless it is written here.
 */
@NullMarked
package org.consilium.coordinator.permit;

import org.jspecify.annotations.NullMarked;
