package org.consilium.models.data;

import java.util.List;
import java.util.SplittableRandom;

/**
 * The impression of a simulated case, from templates: number, size and place of its lesions, as the
 * site's reader calls them. Places are those of the picture, because slices come in three planes.
 */
final class LesionWords {
  private static final double SMALL_BELOW_MM = 9;

  private static final List<String> NORMAL =
      List.of(
          "no lesion",
          "no lesion is seen",
          "normal brain, no lesion",
          "unremarkable brain without a lesion",
          "no bright lesion in the brain");

  private LesionWords() {}

  /**
   * One text.
   *
   * @param positive whether the reader calls the case so, which may be against the marks
   */
  static String of(boolean positive, List<CaseCanvas.Mark> marks, SplittableRandom random) {
    if (!positive) {
      return NORMAL.get(random.nextInt(NORMAL.size()));
    }
    if (marks.isEmpty()) {
      return "bright lesion suspected";
    }
    CaseCanvas.Mark first = marks.getFirst();
    String size = first.radius() < SMALL_BELOW_MM ? "small" : "large";
    if (marks.size() == 1) {
      return switch (random.nextInt(4)) {
        case 0 -> "bright lesion in the %s brain".formatted(place(first));
        case 1 -> "%s bright lesion, %s".formatted(size, place(first));
        case 2 -> "a %s lesion is seen in the %s part".formatted(size, place(first));
        default -> "lesion, bright, %s, about %d mm".formatted(place(first), diameter(first));
      };
    }
    String number = marks.size() == 2 ? "two" : "three";
    return random.nextBoolean()
        ? "%s bright lesions, one in the %s brain".formatted(number, place(first))
        : "%s lesions, %s and %s".formatted(number, place(first), place(marks.get(1)));
  }

  private static String place(CaseCanvas.Mark mark) {
    String height = mark.y() < CaseCanvas.SIDE / 2 ? "upper" : "lower";
    return height + (mark.x() < CaseCanvas.SIDE / 2 ? " left" : " right");
  }

  private static int diameter(CaseCanvas.Mark mark) {
    return (int) Math.round(2 * mark.radius());
  }
}
