/**
 * What operators watch: Prometheus metrics and health. In: study snapshots at the moment of a
 * scrape, and the few events that only a counter can keep. Out: one text page, three probes.
 */
@NullMarked
package org.consilium.coordinator.ops;

import org.jspecify.annotations.NullMarked;
