package org.consilium.models.data;

import java.util.List;

/**
 * Where tiles lie in the images that they were cut from; tiles of one image may overlap, and reach
 * beyond it where it is smaller than they are.
 *
 * @param tiles one a tile, in the set's order
 * @param images sizes of the images
 */
public record Tiling(List<Tile> tiles, List<Extent> images) {
  public Tiling {
    tiles = List.copyOf(tiles);
    images = List.copyOf(images);
    for (Tile tile : tiles) {
      if (tile.image < 0 || tile.image >= images.size() || tile.top < 0 || tile.left < 0) {
        throw new IllegalArgumentException(
            "tiling: %s of %d images".formatted(tile, images.size()));
      }
    }
  }

  /**
   * One tile.
   *
   * @param image its place in the images
   * @param top row of its first pixel
   * @param left column of its first pixel
   */
  public record Tile(int image, int top, int left) {}

  /** Height and width of an image in pixels. */
  public record Extent(int height, int width) {}
}
