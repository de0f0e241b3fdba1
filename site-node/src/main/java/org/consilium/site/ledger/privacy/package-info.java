/**
 * What studies spend of the patients' privacy: charges and budgets in, paid or refused out. The
 * ledger is hash-chained, on disk before the steps it pays for, and never gives anything back.
 */
@NullMarked
package org.consilium.site.ledger.privacy;

import org.jspecify.annotations.NullMarked;
