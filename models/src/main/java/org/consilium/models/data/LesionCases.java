package org.consilium.models.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.data.BundledSlices.Slice;

/**
 * Generator of simulated lesion cases: a head slice in a small random pose, with or without one to
 * three bright lesions (radius 6-14 mm, +50-90 % of local intensity), as a site's scanner shows it
 * and as its readers label it. Label 1 = lesion.
 *
 * <p>A case is a pure function of (seed, site, split, case number): the same on every machine and
 * whatever else is asked for. Pose, lesions, scanner, reader and words draw from separate streams,
 * so that one knob changes one thing. Safe for several threads.
 */
public final class LesionCases {
  private static final int SIDE = CaseCanvas.SIDE;
  private static final int SIZE_MIN = 16;
  private static final int CASES_MAX = 1 << 16;

  /**
   * Some consecutive cases.
   *
   * @param images grey, size × size
   * @param masks 1 where a called lesion is, else 0; [count, size, size]; owned by the receiver
   * @param texts what a reader would write of each case, from templates
   */
  @SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
  public record CaseBatch(ImageSet images, byte[] masks, List<String> texts) {}

  private final BundledSlices slices;
  private final int size;
  private final AreaAverage average;

  private LesionCases(BundledSlices slices, int size) {
    this.slices = slices;
    this.size = size;
    this.average = new AreaAverage(SIDE, size);
  }

  /**
   * A generator of size × size images on the given slices; 224 is one pixel a millimetre.
   *
   * @throws IllegalArgumentException unless size is 16-224
   */
  public static LesionCases on(BundledSlices slices, int size) {
    if (size < SIZE_MIN || size > SIDE) {
      throw new IllegalArgumentException(
          "image size must be %d-%d, got %d".formatted(SIZE_MIN, SIDE, size));
    }
    return new LesionCases(slices, size);
  }

  /** What must be said wherever the cases are shown. */
  public String label() {
    return slices.label();
  }

  /** Cases {@code firstCase} to {@code firstCase + count - 1} of a site. */
  public ImageSet cases(SiteKnobs knobs, Split split, long seed, int firstCase, int count) {
    return casesWithMasks(knobs, split, seed, firstCase, count).images();
  }

  /** As {@link #cases}, with the lesion masks and the texts. */
  public CaseBatch casesWithMasks(
      SiteKnobs knobs, Split split, long seed, int firstCase, int count) {
    if (firstCase < 0 || count < 0 || count > CASES_MAX) {
      throw new IllegalArgumentException(
          "cases %d + %d: first from 0, at most %d at once".formatted(firstCase, count, CASES_MAX));
    }
    List<Slice> pool = slices.of(split);
    long streams = SiteKnobs.hash(seed, "cases " + knobs.site().value() + " " + split.key());
    CaseCanvas canvas = new CaseCanvas();
    Appearance appearance = new Appearance(knobs);
    byte[] pixels = new byte[Math.multiplyExact(count, size * size)];
    byte[] masks = new byte[pixels.length];
    int[] labels = new int[count];
    List<String> texts = new ArrayList<>();
    float[] called = new float[SIDE * SIDE];
    for (int i = 0; i < count; i++) {
      SplittableRandom streamOf = new SplittableRandom(mix(streams + firstCase + i));
      SplittableRandom pose = new SplittableRandom(mix(streamOf.nextLong()));
      SplittableRandom lesions = new SplittableRandom(mix(streamOf.nextLong()));
      SplittableRandom scanner = new SplittableRandom(mix(streamOf.nextLong()));
      SplittableRandom reader = new SplittableRandom(mix(streamOf.nextLong()));
      SplittableRandom words = new SplittableRandom(mix(streamOf.nextLong()));
      canvas.place(pool.get(pose.nextInt(pool.size())), pose);
      boolean positive = addLesions(canvas, knobs, lesions);
      labels[i] = positive ^ (reader.nextDouble() < knobs.flipRate()) ? 1 : 0;
      texts.add(LesionWords.of(labels[i] == 1, canvas.marks, words));
      appearance.apply(canvas.grey, scanner);
      average.reduce(canvas.grey, pixels, i * size * size);
      for (int at = 0; at < called.length; at++) {
        called[at] = canvas.called[at] ? 1 : 0;
      }
      average.reduce(called, masks, i * size * size);
    }
    return new CaseBatch(new ImageSet(1, size, size, pixels, labels), masks, texts);
  }

  /** Draws the case's lesions, if it has any; true if one of them is called. */
  private static boolean addLesions(CaseCanvas canvas, SiteKnobs knobs, SplittableRandom lesions) {
    boolean present = lesions.nextDouble() < knobs.prevalence();
    boolean old = lesions.nextDouble() < knobs.oldShare();
    double many = lesions.nextDouble();
    int count = !present ? 0 : many < .5 ? 1 : many < .8 ? 2 : 3;
    boolean called = false;
    for (int k = 0; k < count; k++) {
      called |= canvas.addLesion(old, knobs.callFromMm(), lesions) >= knobs.callFromMm();
    }
    return called;
  }

  /** Stafford's variant 13 of the MurmurHash3 finaliser: neighbouring numbers, unrelated seeds. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
