package org.consilium.models.data.manifest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;

/**
 * Pairs of pictures that are nearly the same: their {@link PerceptualHash} differs in at most
 * {@link #DISTANCE_MAX} bits and their thumbnails correlate by at least {@link #LIKENESS_MIN}. A
 * pair over two splits lets a model be tested on what it was trained on.
 *
 * @param within pairs of one split
 * @param across pairs over two splits
 * @param examples the first pairs, those over two splits before the others
 */
public record NearDuplicates(int within, int across, List<Pair> examples) {
  /** Bits of 64 that may differ. */
  public static final int DISTANCE_MAX = 3;

  /** Least correlation of the thumbnails. */
  public static final double LIKENESS_MIN = 0.995;

  /** With four bands, two hashes of at most three different bits are equal in one band at least. */
  private static final int BANDS = DISTANCE_MAX + 1;

  private static final int BAND_BITS = 64 / BANDS;
  private static final int EXAMPLES_MAX = 20;

  /** Comparisons that are made; a set of equal pictures would need the square of its size. */
  private static final long COMPARISONS_MAX = 200_000_000;

  public NearDuplicates {
    examples = List.copyOf(examples);
  }

  /**
   * Two pictures.
   *
   * @param firstIndex place in its split
   * @param distance bits that differ
   */
  public record Pair(Split first, int firstIndex, Split second, int secondIndex, int distance) {
    boolean across() {
      return first != second;
    }
  }

  /** Compares all pictures of all splits; stops counting after {@value #COMPARISONS_MAX} looks. */
  static NearDuplicates of(Map<Split, ImageSet> splits) {
    List<Place> places = new ArrayList<>();
    splits.forEach(
        (split, images) -> {
          for (int i = 0; i < images.count(); i++) {
            places.add(new Place(split, i, PerceptualHash.of(images, i)));
          }
        });
    List<Pair> pairs = pairs(places);
    int across = (int) pairs.stream().filter(Pair::across).count();
    List<Pair> examples = new ArrayList<>(pairs.stream().filter(Pair::across).toList());
    pairs.stream().filter(pair -> !pair.across()).forEach(examples::add);
    return new NearDuplicates(
        pairs.size() - across,
        across,
        examples.subList(0, Math.min(EXAMPLES_MAX, examples.size())));
  }

  private record Place(Split split, int index, PerceptualHash hash) {
    long band(int number) {
      return (hash.bits() >>> (number * BAND_BITS)) & ((1L << BAND_BITS) - 1);
    }
  }

  private static List<Pair> pairs(List<Place> places) {
    List<Pair> pairs = new ArrayList<>();
    long looks = 0;
    for (int band = 0; band < BANDS; band++) {
      Map<Long, List<Place>> buckets = new HashMap<>();
      for (Place place : places) {
        List<Place> bucket = buckets.computeIfAbsent(place.band(band), _ -> new ArrayList<>());
        for (Place before : bucket) {
          if (++looks > COMPARISONS_MAX) {
            return pairs;
          }
          if (near(before, place) && !sharedEarlier(before, place, band)) {
            pairs.add(
                new Pair(
                    before.split,
                    before.index,
                    place.split,
                    place.index,
                    before.hash.distance(place.hash)));
          }
        }
        bucket.add(place);
      }
    }
    return pairs;
  }

  private static boolean near(Place a, Place b) {
    return a.hash.distance(b.hash) <= DISTANCE_MAX && a.hash.likeness(b.hash) >= LIKENESS_MIN;
  }

  /** Whether an earlier band has met the pair. */
  private static boolean sharedEarlier(Place a, Place b, int band) {
    for (int earlier = 0; earlier < band; earlier++) {
      if (a.band(earlier) == b.band(earlier)) {
        return true;
      }
    }
    return false;
  }
}
