/**
 * The append-only event log that every state is rebuilt from. In: encoded events with an
 * idempotency key. Out: the same events in order, hash-chained. One contract, two databases.
 */
@NullMarked
package org.consilium.coordinator.journal;

import org.jspecify.annotations.NullMarked;
