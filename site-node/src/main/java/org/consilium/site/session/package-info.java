/**
 * The outbound connection to the coordinator: mutual TLS, proxy, back-off, heartbeats, signatures.
 * In: proposals and tasks that the coordinator signed. Out: decisions and progress. Nothing of the
 * data, of training or of an unprotected delta is known here.
 */
@NullMarked
package org.consilium.site.session;

import org.jspecify.annotations.NullMarked;
