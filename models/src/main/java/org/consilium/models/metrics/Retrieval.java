package org.consilium.models.metrics;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How well images find their texts among all different texts of a set, by the similarity of unit
 * vectors (recall@k; A. Radford et al. 2021). A text that several cases share counts once.
 *
 * @param ranks for each image the place of its own text among all, from 1
 * @param different texts there are to choose from
 */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
public record Retrieval(int[] ranks, int different) {
  /**
   * Ranks every image's own text. Of equally near texts the image's own comes last.
   *
   * @param images [cases, width], unit rows
   * @param vectors of the texts, likewise
   * @param texts one a case; equal ones are one
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public static Retrieval of(float[] images, float[] vectors, List<String> texts) {
    if (texts.isEmpty() || images.length != vectors.length || images.length % texts.size() != 0) {
      throw new IllegalArgumentException(
          "retrieval: %d texts, %d and %d values"
              .formatted(texts.size(), images.length, vectors.length));
    }
    int width = images.length / texts.size();
    Map<String, Integer> first = new HashMap<>();
    for (int i = 0; i < texts.size(); i++) {
      first.putIfAbsent(texts.get(i), i);
    }
    List<Integer> places = new ArrayList<>(first.values());
    places.sort(Comparator.naturalOrder());
    int[] ranks = new int[texts.size()];
    for (int i = 0; i < ranks.length; i++) {
      int mine = first.getOrDefault(texts.get(i), i);
      double own = product(images, i, vectors, mine, width);
      ranks[i] = 1;
      for (int place : places) {
        if (place != mine && product(images, i, vectors, place, width) >= own) {
          ranks[i]++;
        }
      }
    }
    return new Retrieval(ranks, places.size());
  }

  /** Share of the images whose own text is among the first k. */
  public double recall(int k) {
    int found = 0;
    for (int rank : ranks) {
      found += rank <= k ? 1 : 0;
    }
    return (double) found / ranks.length;
  }

  private static double product(float[] images, int image, float[] texts, int text, int width) {
    double sum = 0;
    for (int d = 0; d < width; d++) {
      sum += (double) images[image * width + d] * texts[text * width + d];
    }
    return sum;
  }
}
