/** Updates sealed to the aggregation key: chunks in, authenticated ciphertext out, and back. */
@NullMarked
package org.consilium.security.seal;

import org.jspecify.annotations.NullMarked;
