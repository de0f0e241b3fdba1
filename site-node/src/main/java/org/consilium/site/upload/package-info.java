/**
 * Sealed updates and released reports to the coordinator, and models from it, in chunks that resume
 * after a cut. Accepts protected types only; every byte is in the egress ledger before it is sent.
 */
@NullMarked
package org.consilium.site.upload;

import org.jspecify.annotations.NullMarked;
