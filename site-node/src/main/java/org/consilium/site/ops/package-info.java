/**
 * What an operator of the node sees: Prometheus metrics and a health page, on loopback only. In:
 * events of the node. Out: text over HTTP.
 */
@NullMarked
package org.consilium.site.ops;

import org.jspecify.annotations.NullMarked;
