/**
 * The hospital's veto. In: a proposal or a task, the policy and approval files, what was done
 * today. Out: allowed, or a refusal from a fixed list. Without a policy file everything is refused.
 * Judging is pure.
 */
@NullMarked
package org.consilium.site.policy;

import org.jspecify.annotations.NullMarked;
