/**
 * Places where a service can be made to die, wait or fail, for tests of crashes. In: one system
 * property of the process. Out: nothing, unless it names the place; then a warning at the start and
 * the fault when the place is reached.
 */
@NullMarked
package org.consilium.protocol.fault;

import org.jspecify.annotations.NullMarked;
