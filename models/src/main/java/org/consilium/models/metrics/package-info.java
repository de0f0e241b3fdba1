/**
 * Statistics of predictions: discrimination, calibration and their uncertainty. In: labels and
 * scores in memory. Out: estimates with intervals. Pure: no files, threads or loggers.
 */
@NullMarked
package org.consilium.models.metrics;

import org.jspecify.annotations.NullMarked;
