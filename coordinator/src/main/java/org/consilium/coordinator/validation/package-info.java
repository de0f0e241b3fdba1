/**
 * What sites report of a model version. In: signed reports. Out: checked reports, a score for each
 * version, and the best version.
 */
@NullMarked
package org.consilium.coordinator.validation;

import org.jspecify.annotations.NullMarked;
