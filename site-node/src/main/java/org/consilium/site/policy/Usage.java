package org.consilium.site.policy;

/**
 * What was done so far. Every start of training counts, also a repeated one.
 *
 * @param rounds how often training began in the last 24 hours, for the study in question
 * @param attempts how often training began for the round in question
 * @param updateBytes bytes of updates sent in the last 24 hours, for all studies
 */
public record Usage(int rounds, int attempts, long updateBytes) {
  /** Nothing yet. */
  public static final Usage NONE = new Usage(0, 0, 0);
}
