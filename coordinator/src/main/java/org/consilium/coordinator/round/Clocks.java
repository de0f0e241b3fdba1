package org.consilium.coordinator.round;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The two times of a process.
 *
 * @param wall time of day: what the journal and people read
 * @param nanos monotonic nanoseconds: what deadlines are measured with
 */
public record Clocks(InstantSource wall, LongSupplier nanos) {}
