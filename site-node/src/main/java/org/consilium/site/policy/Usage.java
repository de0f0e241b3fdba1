package org.consilium.site.policy;

/**
 * What was done for all studies in the last 24 hours.
 *
 * @param rounds training rounds begun for the study in question
 * @param updateBytes bytes of updates sent
 */
public record Usage(int rounds, long updateBytes) {
  /** Nothing yet. */
  public static final Usage NONE = new Usage(0, 0);
}
