package org.consilium.models.data.manifest;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts that may be shown to others: a cell below the limit is not told, and where only one cell
 * of a table is kept back, the next smallest is too, for the total would give it away.
 */
final class CellCounts {
  private CellCounts() {}

  /** Each count as text: the number, {@code 0}, or {@code <limit}, or {@code suppressed}. */
  static Map<String, String> shown(Map<String, Integer> counts, int limit) {
    Map<String, String> shown = new TreeMap<>();
    counts.forEach(
        (cell, count) ->
            shown.put(cell, count > 0 && count < limit ? "<" + limit : Integer.toString(count)));
    long hidden = counts.values().stream().filter(c -> c > 0 && c < limit).count();
    if (hidden == 1) {
      counts.entrySet().stream()
          .filter(e -> e.getValue() >= limit)
          .min(
              Map.Entry.<String, Integer>comparingByValue()
                  .thenComparing(Comparator.comparing(Map.Entry::getKey)))
          .ifPresent(e -> shown.put(e.getKey(), "suppressed"));
    }
    return shown;
  }
}
