/**
 * Secure aggregation, protocol CSA1 of docs/PROTOCOL.md (unaudited; after Bonawitz et al. 2017): a
 * site's integers in, masked integers out whose sum alone can be unmasked. No messages, no files.
 * {@link MaskingSite} is a site's part, {@link Unmasking} the coordinator's; the rest is theirs.
 */
@NullMarked
package org.consilium.security.mask;

import org.jspecify.annotations.NullMarked;
