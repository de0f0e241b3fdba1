/**
 * Files that hold a secret: created readable by their owner only, refused when others may read
 * them. And what it takes that a file of any kind is on the disk, and one process's alone.
 */
@NullMarked
package org.consilium.security.keyfile;

import org.jspecify.annotations.NullMarked;
