/**
 * What left on a day, in one page. In: the egress ledger's lines and the site's signing key. Out:
 * one signed file a day, which says per study and kind how much left and binds the ledger's head.
 */
@NullMarked
package org.consilium.site.ledger.digest;

import org.jspecify.annotations.NullMarked;
