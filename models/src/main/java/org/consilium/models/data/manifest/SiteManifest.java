package org.consilium.models.data.manifest;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;

/**
 * What a node would use of a hospital's cases, without any of them: shape, counts of each class,
 * split and stratum with small cells suppressed, a digest of the content, a digest of the label
 * map, near-duplicates.
 *
 * @param shape channels x height x width
 * @param labels class words; empty when only numbers are known
 * @param labelMapDigest SHA-256 of the class words in order
 * @param contentDigest SHA-256 of images and labels, whatever their order
 * @param counts by table ({@code train}, {@code train by centre}) and cell; small ones not told
 * @param duplicates pictures that are nearly the same
 */
public record SiteManifest(
    String shape,
    List<String> labels,
    String labelMapDigest,
    String contentDigest,
    Map<String, Map<String, String>> counts,
    NearDuplicates duplicates) {
  /** Counts below it are not told. */
  public static final int SMALL_CELL = 11;

  /** Values of one column beyond which it is taken for a number or name, not a stratum. */
  private static final int STRATA_MAX = 32;

  public SiteManifest {
    labels = List.copyOf(labels);
  }

  /**
   * The manifest of some sets.
   *
   * @param splits at least one
   * @param facts of each case in order; a split may be absent
   * @param labels class words, or empty
   */
  public static SiteManifest of(
      Map<Split, ImageSet> splits, Map<Split, List<CaseFacts>> facts, List<String> labels) {
    if (splits.isEmpty()) {
      throw new IllegalArgumentException("manifest: no split");
    }
    Map<Split, ImageSet> ordered = new EnumMap<>(splits);
    ImageSet first = ordered.values().iterator().next();
    Map<String, Map<String, String>> counts = new LinkedHashMap<>();
    ordered.forEach(
        (split, images) -> {
          counts.put(split.key(), CellCounts.shown(classes(images, labels), SMALL_CELL));
          strata(facts.getOrDefault(split, List.of()))
              .forEach(
                  (column, cells) ->
                      counts.put(
                          split.key() + " by " + column, CellCounts.shown(cells, SMALL_CELL)));
        });
    return new SiteManifest(
        "%dx%dx%d".formatted(first.channels(), first.height(), first.width()),
        labels,
        ContentDigest.of(labels),
        ContentDigest.of(ordered),
        counts,
        NearDuplicates.of(ordered));
  }

  private static Map<String, Integer> classes(ImageSet images, List<String> labels) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String word : labels) {
      counts.put(word, 0);
    }
    for (int label : images.labels()) {
      String name = label < labels.size() ? labels.get(label) : Integer.toString(label);
      counts.merge(name, 1, Integer::sum);
    }
    return counts;
  }

  private static Map<String, Map<String, Integer>> strata(List<CaseFacts> facts) {
    Map<String, Map<String, Integer>> columns = new TreeMap<>();
    for (CaseFacts fact : facts) {
      fact.strata()
          .forEach(
              (column, value) ->
                  columns
                      .computeIfAbsent(column, _ -> new TreeMap<>())
                      .merge(value.isEmpty() ? "(none)" : value, 1, Integer::sum));
    }
    columns.values().removeIf(cells -> cells.size() > STRATA_MAX);
    return columns;
  }

  /**
   * What keeps two sites from training one model: one line each; empty if nothing does.
   *
   * @param other of another site
   */
  public List<String> conflicts(SiteManifest other) {
    List<String> conflicts = new ArrayList<>();
    if (!labelMapDigest.equals(other.labelMapDigest)) {
      conflicts.add("label maps differ: %s and %s".formatted(labels, other.labels));
    }
    if (!shape.equals(other.shape)) {
      conflicts.add("images differ in shape: %s and %s".formatted(shape, other.shape));
    }
    if (contentDigest.equals(other.contentDigest)) {
      conflicts.add("both sites have the very same cases");
    }
    return conflicts;
  }

  /** What a person should look at before training: one line each. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (duplicates.across() > 0) {
      warnings.add(
          "%d pairs of nearly equal pictures lie in two splits".formatted(duplicates.across()));
    }
    Set<String> empty = new TreeSet<>();
    counts.forEach(
        (table, cells) -> {
          if (!table.contains(" by ") && cells.containsValue("0")) {
            empty.add(table);
          }
        });
    if (!empty.isEmpty()) {
      warnings.add("a class has no case in " + String.join(", ", empty));
    }
    return warnings;
  }

  /** As maps, lists, texts and numbers, in the order in which they are shown. */
  public Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("shape", shape);
    values.put("labels", labels);
    values.put("labelMapDigest", labelMapDigest);
    values.put("contentDigest", contentDigest);
    values.put("counts", counts);
    Map<String, Object> near = new LinkedHashMap<>();
    near.put("withinSplits", duplicates.within());
    near.put("acrossSplits", duplicates.across());
    List<Object> examples = new ArrayList<>();
    for (NearDuplicates.Pair pair : duplicates.examples()) {
      examples.add(
          List.of(
              pair.first().key() + " " + pair.firstIndex(),
              pair.second().key() + " " + pair.secondIndex()));
    }
    near.put("examples", examples);
    values.put("nearDuplicates", near);
    values.put("warnings", warnings());
    return values;
  }
}
