/**
 * What noisy training costs in privacy: steps with their noise in, a proven (ε, δ) out, and the
 * least noise for a given cost. Numbers only; where they are kept is another room's matter.
 */
@NullMarked
package org.consilium.security.privacy;

import org.jspecify.annotations.NullMarked;
