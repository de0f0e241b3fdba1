/**
 * What a hospital's cases are, without any of them: counts with small cells suppressed, digests,
 * and pictures that are nearly the same. In: sets with their facts. Out: a manifest for people and
 * as JSON.
 */
@NullMarked
package org.consilium.models.data.manifest;

import org.jspecify.annotations.NullMarked;
