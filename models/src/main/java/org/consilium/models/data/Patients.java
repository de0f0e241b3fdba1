package org.consilium.models.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Whose each image of a set is. Patients have numbers from 0 in the order in which they first
 * appear; nothing here tells their names.
 */
public final class Patients {
  private final List<int[]> images;
  private final int imageCount;
  private final boolean told;

  private Patients(List<int[]> images, int imageCount, boolean told) {
    this.images = images;
    this.imageCount = imageCount;
    this.told = told;
  }

  /**
   * By one name or number an image.
   *
   * @param owners of the images, in their order; not kept
   * @param told whether the cases said so; otherwise each picture's name stands for a patient
   */
  public static Patients of(List<?> owners, boolean told) {
    Map<Object, List<Integer>> byOwner = new LinkedHashMap<>();
    for (int i = 0; i < owners.size(); i++) {
      byOwner.computeIfAbsent(owners.get(i), _ -> new ArrayList<>()).add(i);
    }
    List<int[]> images =
        byOwner.values().stream()
            .map(places -> places.stream().mapToInt(Integer::intValue).toArray())
            .toList();
    return new Patients(images, owners.size(), told);
  }

  /** Nobody said whose the images are: each counts as a patient. */
  public static Patients untold(int images) {
    List<int[]> each = IntStream.range(0, images).mapToObj(i -> new int[] {i}).toList();
    return new Patients(each, images, false);
  }

  /** Number of patients. */
  public int count() {
    return images.size();
  }

  /** Number of images of all of them. */
  public int imageCount() {
    return imageCount;
  }

  /** Places of a patient's images, rising, at least one; a copy. */
  public int[] imagesOf(int patient) {
    return images.get(patient).clone();
  }

  /** Whether the cases said whose each image is. */
  public boolean told() {
    return told;
  }

  /** The same without one of them, whose images belong to nobody. */
  public Patients without(int patient) {
    List<int[]> rest = new ArrayList<>(images);
    int[] _ = rest.remove(patient);
    return new Patients(Collections.unmodifiableList(rest), imageCount, told);
  }
}
