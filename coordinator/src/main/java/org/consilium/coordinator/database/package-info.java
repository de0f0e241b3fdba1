/**
 * The SQL database and who may write to it. In: where it is, and the name of this process. Out:
 * connections, and a lease whose token every write carries.
 */
@NullMarked
package org.consilium.coordinator.database;

import org.jspecify.annotations.NullMarked;
