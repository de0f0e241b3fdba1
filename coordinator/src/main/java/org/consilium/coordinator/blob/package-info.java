/**
 * A store that several machines share: files under checked names, whole or not at all. In: what was
 * made on one machine. Out: the same bytes on another. On one machine there is none.
 */
@NullMarked
package org.consilium.coordinator.blob;

import org.jspecify.annotations.NullMarked;
