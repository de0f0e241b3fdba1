/**
 * This site's part in masking (protocol CSA1, docs/PROTOCOL.md): agrees on masks with the others
 * while the model trains, and frees one sum a round. What it must still know after a crash is on
 * disk, encrypted, before anything that follows from it leaves.
 */
@NullMarked
package org.consilium.site.masking;

import org.jspecify.annotations.NullMarked;
