/**
 * What the node does with its orders: decides about studies, takes one task at a time through the
 * rooms, the latest wins. In: verified orders, the policy. Out: answers, protected updates,
 * reports.
 */
@NullMarked
package org.consilium.site.work;

import org.jspecify.annotations.NullMarked;
