/**
 * Files that hold a secret: created readable by their owner only, refused when others may read
 * them. And what it takes that a file of any kind is on the disk, is one process's alone, and is
 * moved without much memory.
 */
@NullMarked
package org.consilium.security.keyfile;

import org.jspecify.annotations.NullMarked;
