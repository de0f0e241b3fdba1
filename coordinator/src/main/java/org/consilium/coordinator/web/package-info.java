/**
 * HTTP for people and programs: the REST interface, the pages, metrics and probes. In: requests,
 * checked for who may ask. Out: JSON, problems (RFC 9457), server-rendered pages without scripts.
 */
@NullMarked
package org.consilium.coordinator.web;

import org.jspecify.annotations.NullMarked;
