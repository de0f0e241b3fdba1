package org.consilium.coordinator.study;

import java.util.List;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyId;

/**
 * What came out when a study's rounds were done again, up to the first that could not be proven.
 *
 * @param rounds in order
 */
public record Replayed(StudyId study, List<Round> rounds) {
  /** Copies. */
  public Replayed {
    rounds = List.copyOf(rounds);
  }

  /** One round. */
  public sealed interface Round {
    /** Counted from 1. */
    int number();

    /** The kept updates give the very bytes that were published. */
    record Proven(int number, ModelVersion version) implements Round {}

    /** They give others: an update, the model or the journal was changed. */
    record Differs(int number, ModelVersion published, ModelVersion again) implements Round {}

    /** It cannot be done again; {@code what} says why, for people. */
    record Missing(int number, String what) implements Round {}
  }

  /** Whether every published round was proven. */
  public boolean proven() {
    return rounds.stream().allMatch(Round.Proven.class::isInstance);
  }
}
