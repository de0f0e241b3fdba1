/**
 * Ed25519 over labelled bytes, the chain behind a key, and the context that every seal is bound to.
 */
@NullMarked
package org.consilium.security.sign;

import org.jspecify.annotations.NullMarked;
