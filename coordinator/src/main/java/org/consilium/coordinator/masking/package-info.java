/**
 * The coordinator's part in masking (protocol CSA1, docs/PROTOCOL.md): takes each site's signed
 * messages in, hands them on unchanged, and takes the masks off the sum. It never sees a single
 * delta; no key of a site is here, only what sites released for one set of survivors.
 */
@NullMarked
package org.consilium.coordinator.masking;

import org.jspecify.annotations.NullMarked;
