/**
 * The command line: nouns, then verbs. In: arguments. Out: data on standard output (or one JSON
 * envelope), progress on standard error, an exit code with one meaning each.
 */
@NullMarked
package org.consilium.coordinator.cli;

import org.jspecify.annotations.NullMarked;
