/**
 * What is to be sent, kept on disk until it is acknowledged. In: a sealed update. Out: the same
 * bytes, also after a crash. Everything is forced to disk before the first byte is sent.
 */
@NullMarked
package org.consilium.site.outbox;

import org.jspecify.annotations.NullMarked;
