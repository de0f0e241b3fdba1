/**
 * The coordinator's audit log: the journal in, signed checkpoints that sites cosign and bundles
 * that anybody can check out. Knows hashes and names, never an event's content.
 */
@NullMarked
package org.consilium.coordinator.audit;

import org.jspecify.annotations.NullMarked;
