package org.consilium.coordinator.aggregate;

import org.consilium.protocol.SiteId;

/** A spooled update that was accepted no longer opens: its bytes changed on disk. */
public final class UpdateBroken extends RoundBroken {
  private static final long serialVersionUID = 1L;

  private final String site;

  public UpdateBroken(SiteId site, String detail) {
    super("update of site %s: %s".formatted(site, detail));
    this.site = site.value();
  }

  /** Whose update it is. */
  public SiteId site() {
    return new SiteId(site);
  }
}
