/**
 * The arithmetic of secure aggregation, protocol CSA1 (unaudited; after Bonawitz et al. 2017): a
 * site's integers in, masked integers out whose sum alone can be unmasked. No messages, no files.
 */
@NullMarked
package org.consilium.security.mask;

import org.jspecify.annotations.NullMarked;
