package org.consilium.models.data.folder;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Tiling;
import org.consilium.models.data.folder.MaskFolder.MaskCase;

/** Cuts images with masks into square tiles of one size. */
final class Tiles {
  /** Values of all tiles together, which is the memory needed. */
  private static final long PIXELS_MAX = 1L << 30;

  private record Tile(MaskCase of, int number, Picture image, int top, int left) {}

  private Tiles() {}

  static LabelledMasks of(List<MaskCase> cases, int side, int channels, int classes) {
    if (side < 1 || (channels != 1 && channels != 3)) {
      throw new IllegalArgumentException(
          "tiles need a side and 1 or 3 channels, got %d and %d".formatted(side, channels));
    }
    List<Tile> tiles = new ArrayList<>();
    for (int number = 0; number < cases.size(); number++) {
      MaskCase of = cases.get(number);
      Picture image = picture(of).in(channels);
      for (int top : starts(of.size().height(), side)) {
        for (int left : starts(of.size().width(), side)) {
          tiles.add(new Tile(of, number, image, top, left));
        }
      }
    }
    int area = side * side;
    if ((long) tiles.size() * area * channels > PIXELS_MAX) {
      throw new IllegalArgumentException(
          "%d tiles of %dx%dx%d are too many pixels, at most %d"
              .formatted(tiles.size(), channels, side, side, PIXELS_MAX));
    }
    byte[] pixels = new byte[tiles.size() * channels * area];
    byte[] masks = new byte[tiles.size() * area];
    for (int i = 0; i < tiles.size(); i++) {
      Tile tile = tiles.get(i);
      MaskCase of = tile.of;
      Picture image = tile.image;
      int height = of.size().height();
      int width = of.size().width();
      for (int y = 0; y < Math.min(side, height); y++) {
        for (int x = 0; x < Math.min(side, width); x++) {
          int from = (tile.top + y) * width + tile.left + x;
          masks[i * area + y * side + x] = of.mask()[from];
          for (int c = 0; c < channels; c++) {
            pixels[(i * channels + c) * area + y * side + x] =
                (byte) image.samples()[c * height * width + from];
          }
        }
      }
    }
    return LabelledMasks.of(
            new ImageSet(channels, side, side, pixels, new int[tiles.size()]), classes, masks)
        .tiled(tiling(cases, tiles));
  }

  private static Tiling tiling(List<MaskCase> cases, List<Tile> tiles) {
    return new Tiling(
        tiles.stream().map(t -> new Tiling.Tile(t.number, t.top, t.left)).toList(),
        cases.stream().map(c -> new Tiling.Extent(c.size().height(), c.size().width())).toList());
  }

  /** Where tiles begin along a length: side by side, the last moved back to the border. */
  static int[] starts(int length, int side) {
    int count = Math.max(1, Math.ceilDiv(length, side));
    int[] starts = new int[count];
    for (int i = 0; i < count; i++) {
      starts[i] = Math.max(0, Math.min(i * side, length - side));
    }
    return starts;
  }

  static Picture picture(MaskCase of) {
    int[] samples = new int[of.pixels().length];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = of.pixels()[i] & 0xff;
    }
    return new Picture(of.channels(), of.size().height(), of.size().width(), 8, samples);
  }
}
