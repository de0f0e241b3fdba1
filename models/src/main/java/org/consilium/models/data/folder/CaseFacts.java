package org.consilium.models.data.folder;

import java.util.Map;
import java.util.Optional;

/**
 * What is known of one case besides its picture. It never leaves the hospital; messages name the
 * line, not the patient.
 *
 * @param line line of the table; 0 without a table
 * @param name path or name of the picture within the folder
 * @param patient whose it is; the name where nobody said, so that every case is its own patient
 * @param strata further columns, such as scanner or age group, by column name
 * @param text what a report says of it
 */
public record CaseFacts(
    int line, String name, String patient, Map<String, String> strata, Optional<String> text) {
  public CaseFacts {
    strata = Map.copyOf(strata);
  }

  /** A case without a text. */
  public CaseFacts(int line, String name, String patient, Map<String, String> strata) {
    this(line, name, patient, strata, Optional.empty());
  }
}
