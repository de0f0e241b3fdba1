/**
 * Published model versions as files named by their digest. In: parameters block by block. Out:
 * streaming reads; versions that no study needs are removed.
 */
@NullMarked
package org.consilium.coordinator.registry;

import org.jspecify.annotations.NullMarked;
