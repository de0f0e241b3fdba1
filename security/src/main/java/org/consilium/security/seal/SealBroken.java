package org.consilium.security.seal;

/**
 * A sealed chunk does not open: changed, cut, out of place, or sealed for another context or key.
 */
public final class SealBroken extends Exception {
  private static final long serialVersionUID = 1L;

  private final int index;
  private final int total;
  private final String site;

  SealBroken(int index, int total, String site, String fault) {
    super(
        index < 0
            ? "open update from site %s: %s".formatted(site, fault)
            : "open chunk %d of %d from site %s: %s".formatted(index, total, site, fault));
    this.index = index;
    this.total = total;
    this.site = site;
  }

  /** The chunk, from 0; −1 when the encapsulated key itself is unusable. */
  public int index() {
    return index;
  }

  /** Chunks in the update. */
  public int total() {
    return total;
  }

  /** The sender. */
  public String site() {
    return site;
  }
}
