/** Secrets and labels in; derived keys and the keystreams of single-use keys out. */
@NullMarked
package org.consilium.security.stream;

import org.jspecify.annotations.NullMarked;
