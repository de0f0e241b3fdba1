package org.consilium.models.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Tiling;

/**
 * What a model drew on one whole image beside what is true of it, foreground against background.
 *
 * @param truth what was annotated
 * @param said what the model drew
 */
public record Drawing(Mask truth, Mask said) {
  /**
   * One drawing an image, in the images' order. Tiles are put together first: where they overlap
   * their logits are added up, and what reaches beyond an image is left out.
   *
   * @param logits [cases, classes, height, width] row-major; with one class a pixel is foreground
   *     above 0, with more where any other class is above class 0
   */
  public static List<Drawing> of(LabelledMasks cases, double[] logits, int classes) {
    Tiling tiling = cases.tiling().orElseGet(() -> whole(cases));
    List<Canvas> canvases = new ArrayList<>();
    for (Tiling.Extent image : tiling.images()) {
      canvases.add(new Canvas(image, classes));
    }
    for (int i = 0; i < cases.count(); i++) {
      Tiling.Tile tile = tiling.tiles().get(i);
      canvases.get(tile.image()).add(cases, i, tile, logits);
    }
    return canvases.stream().map(Canvas::drawing).toList();
  }

  /** Mean Dice over the images that have any foreground; empty if none has. */
  public static OptionalDouble meanDice(List<Drawing> drawings) {
    return drawings.stream()
        .filter(d -> d.truth.area() > 0)
        .mapToDouble(d -> Mask.dice(d.truth, d.said).orElse(0))
        .average();
  }

  private static Tiling whole(LabelledMasks cases) {
    List<Tiling.Tile> tiles = new ArrayList<>();
    List<Tiling.Extent> images = new ArrayList<>();
    for (int i = 0; i < cases.count(); i++) {
      tiles.add(new Tiling.Tile(i, 0, 0));
      images.add(new Tiling.Extent(cases.images().height(), cases.images().width()));
    }
    return new Tiling(tiles, images);
  }

  /** One image on which tiles are laid. */
  private static final class Canvas {
    private final int height;
    private final int width;
    private final int classes;
    private final boolean[] truth;
    private final double[] sums;

    Canvas(Tiling.Extent image, int classes) {
      this.height = image.height();
      this.width = image.width();
      this.classes = classes;
      this.truth = new boolean[height * width];
      this.sums = new double[classes * height * width];
    }

    void add(LabelledMasks cases, int index, Tiling.Tile tile, double[] logits) {
      int tileWidth = cases.images().width();
      int rows = Math.min(cases.images().height(), height - tile.top());
      int columns = Math.min(tileWidth, width - tile.left());
      int area = cases.area();
      for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
          int from = y * tileWidth + x;
          int to = (tile.top() + y) * width + tile.left() + x;
          truth[to] = cases.mask(index, from) > 0;
          for (int c = 0; c < classes; c++) {
            sums[c * truth.length + to] += logits[(index * classes + c) * area + from];
          }
        }
      }
    }

    Drawing drawing() {
      boolean[] said = new boolean[truth.length];
      for (int at = 0; at < said.length; at++) {
        double background = classes == 1 ? 0 : sums[at];
        for (int c = classes == 1 ? 0 : 1; c < classes; c++) {
          said[at] |= sums[c * truth.length + at] > background;
        }
      }
      return new Drawing(new Mask(height, width, truth), new Mask(height, width, said));
    }
  }
}
