/**
 * Sequential detectors for each centre. In: standardised shifts, positive is worse. Out:
 * statistics, thresholds from the false alarms that a consortium accepts, verdicts.
 */
@NullMarked
package org.consilium.coordinator.drift;

import org.jspecify.annotations.NullMarked;
