package org.consilium.models.data.folder;

import java.util.Map;

/**
 * What is known of one case besides its picture. It never leaves the hospital; messages name the
 * line, not the patient.
 *
 * @param line line of the table; 0 without a table
 * @param name path or name of the picture within the folder
 * @param patient whose it is; the name where nobody said, so that every case is its own patient
 * @param strata further columns, such as scanner or age group, by column name
 */
public record CaseFacts(int line, String name, String patient, Map<String, String> strata) {
  public CaseFacts {
    strata = Map.copyOf(strata);
  }
}
