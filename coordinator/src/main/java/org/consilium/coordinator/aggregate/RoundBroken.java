package org.consilium.coordinator.aggregate;

/** Why the accepted updates of a round do not become a model. */
public abstract sealed class RoundBroken extends Exception
    permits UpdateBroken, UnmaskFailed, RuleUnmet {
  private static final long serialVersionUID = 1L;

  RoundBroken(String detail) {
    super(detail);
  }
}
