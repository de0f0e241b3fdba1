/**
 * Strict reading of the small YAML files that people write. In: a text. Out: typed values, or every
 * problem at once with line and column: unknown keys (with the likely one), wrong types, doubles.
 */
@NullMarked
package org.consilium.coordinator.yaml;

import org.jspecify.annotations.NullMarked;
