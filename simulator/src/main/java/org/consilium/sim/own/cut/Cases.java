package org.consilium.sim.own.cut;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.ImageSet;

/**
 * Cases with what is known of each beside the picture.
 *
 * @param images pictures and classes
 * @param patients one name a case
 * @param columns further facts by column, one value a case
 */
public record Cases(ImageSet images, List<String> patients, Map<String, List<String>> columns) {
  public Cases {
    patients = List.copyOf(patients);
    columns = Map.copyOf(columns);
    if (patients.size() != images.count()) {
      throw new IllegalArgumentException(
          "%d patients for %d images".formatted(patients.size(), images.count()));
    }
  }

  /** Each case its own patient, nothing else known. */
  public static Cases of(ImageSet images) {
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < images.count(); i++) {
      patients.add("case " + i);
    }
    return new Cases(images, patients, Map.of());
  }

  /** Some of the cases. */
  public Cases subset(int[] places) {
    List<String> some = new ArrayList<>();
    Map<String, List<String>> facts = new LinkedHashMap<>();
    columns.keySet().forEach(column -> facts.put(column, new ArrayList<>()));
    for (int place : places) {
      some.add(patients.get(place));
      columns.forEach(
          (column, values) ->
              facts.computeIfAbsent(column, _ -> new ArrayList<>()).add(values.get(place)));
    }
    return new Cases(images.subset(places), some, facts);
  }

  /** The cases of one patient each, in order of first appearance. */
  List<List<Integer>> groups() {
    Map<String, List<Integer>> groups = new LinkedHashMap<>();
    for (int i = 0; i < patients.size(); i++) {
      groups.computeIfAbsent(patients.get(i), _ -> new ArrayList<>()).add(i);
    }
    return List.copyOf(groups.values());
  }
}
