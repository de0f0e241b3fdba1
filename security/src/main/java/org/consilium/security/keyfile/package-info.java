/**
 * Files that hold a secret: created readable by their owner only, refused when others may read
 * them.
 */
@NullMarked
package org.consilium.security.keyfile;

import org.jspecify.annotations.NullMarked;
