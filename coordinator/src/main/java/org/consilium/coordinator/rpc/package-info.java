/**
 * The coordinator's gRPC face for sites: decode, one call, encode. Every status that a site can see
 * is made in one class.
 */
@NullMarked
package org.consilium.coordinator.rpc;

import org.jspecify.annotations.NullMarked;
