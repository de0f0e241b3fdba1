/**
 * Folders of pictures as hospitals keep them: a CSV with one case a line, or images with masks. In:
 * a folder that is not trusted, and rules. Out: sets in memory with the facts of each case, split
 * by patient. Pure Java.
 */
@NullMarked
package org.consilium.models.data.folder;

import org.jspecify.annotations.NullMarked;
