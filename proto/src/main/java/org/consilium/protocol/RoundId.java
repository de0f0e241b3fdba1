package org.consilium.protocol;

/**
 * One round of a study.
 *
 * @param study the study
 * @param number counted from 1 within the study
 */
public record RoundId(StudyId study, int number) {
  public RoundId {
    if (number < 1 || number > Limits.ROUNDS_MAX) {
      throw new IllegalArgumentException(
          "round number must be 1-%d: %d".formatted(Limits.ROUNDS_MAX, number));
    }
  }

  @Override
  public String toString() {
    return study + "/" + number;
  }
}
