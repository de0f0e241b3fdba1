package org.consilium.coordinator.aggregate;

import java.util.List;
import org.consilium.protocol.SiteId;

/** The masks do not come off a sum; the message names the step, the sites and the numbers. */
public final class UnmaskFailed extends RoundBroken {
  private static final long serialVersionUID = 1L;

  private final String[] givers;

  private UnmaskFailed(List<SiteId> givers, String detail) {
    super(detail);
    this.givers = givers.stream().map(SiteId::value).toArray(String[]::new);
  }

  /** Some released shares are wrong; others may do instead. */
  public static UnmaskFailed shares(List<SiteId> givers, String detail) {
    return new UnmaskFailed(givers, detail);
  }

  /** The sum is not one of legal updates, or a site's secret cannot be rebuilt by anyone. */
  public static UnmaskFailed sum(String detail) {
    return new UnmaskFailed(List.of(), detail);
  }

  /** Who gave wrong shares; empty if that is not what is wrong. */
  public List<SiteId> givers() {
    return List.of(givers).stream().map(SiteId::new).toList();
  }
}
