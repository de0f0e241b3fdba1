package org.consilium.coordinator.aggregate;

import org.consilium.coordinator.aggregate.robust.RobustRule;

/** A round's updates do not meet what the plan's robust rule needs; the attempt is over. */
public final class RuleUnmet extends RoundBroken {
  private static final long serialVersionUID = 1L;

  public RuleUnmet(RobustRule.Unmet unmet) {
    super(unmet.words());
  }

  /** The need, with its numbers. */
  public String words() {
    return String.valueOf(getMessage());
  }
}
