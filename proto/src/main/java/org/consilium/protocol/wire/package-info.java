/**
 * The codec between the wire's Protocol Buffers and the vocabulary. In: message bytes from a peer,
 * not trusted. Out: legal records, or {@link org.consilium.protocol.MalformedMessage}; and back.
 */
@NullMarked
package org.consilium.protocol.wire;

import org.jspecify.annotations.NullMarked;
