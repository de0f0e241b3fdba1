/**
 * Many bytes between files and memory: a buffer and a place in, all of it moved, with little memory
 * and with the disk at work early.
 */
@NullMarked
package org.consilium.security.bulk;

import org.jspecify.annotations.NullMarked;
