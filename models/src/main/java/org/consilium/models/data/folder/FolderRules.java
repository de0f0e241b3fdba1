package org.consilium.models.data.folder;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a folder is to be read.
 *
 * @param labels class names in the order of their numbers; empty takes {@code labels.txt} of the
 *     folder, or numbers
 * @param columns further columns that the table may have, kept as strata; {@code stratum…} always
 *     may be there
 * @param size what pictures of other size are brought to; without it all must be of one size
 * @param channels 1 turns colour into grey, 3 turns grey into colour; 0 takes them as they are,
 *     which must be alike
 * @param seed of the split, for a table without one
 */
public record FolderRules(
    List<String> labels, Set<String> columns, Optional<Size> size, int channels, long seed) {
  /** Pictures as they are, classes by {@code labels.txt} or number, seed 1. */
  public static final FolderRules PLAIN =
      new FolderRules(List.of(), Set.of(), Optional.empty(), 0, 1);

  public FolderRules {
    labels = List.copyOf(labels);
    columns = Set.copyOf(columns);
    if (channels != 0 && channels != 1 && channels != 3) {
      throw new IllegalArgumentException("channels must be 0, 1 or 3, got " + channels);
    }
  }

  /** Height and width in pixels. */
  public record Size(int height, int width) {
    /** Largest height or width. */
    public static final int SIDE_MAX = 4096;

    public Size {
      if (height < 1 || width < 1 || height > SIDE_MAX || width > SIDE_MAX) {
        throw new IllegalArgumentException(
            "size must be 1-%d pixels a side, got %dx%d".formatted(SIDE_MAX, height, width));
      }
    }

    @Override
    public String toString() {
      return height + "x" + width;
    }
  }

  /** The same with class names. */
  public FolderRules withLabels(List<String> names) {
    return new FolderRules(names, columns, size, channels, seed);
  }

  /** The same with further columns. */
  public FolderRules withColumns(Set<String> more) {
    return new FolderRules(labels, more, size, channels, seed);
  }

  /** The same with a size and a number of channels. */
  public FolderRules fitting(Size target, int channelCount) {
    return new FolderRules(labels, columns, Optional.of(target), channelCount, seed);
  }

  /** The same with another seed of the split. */
  public FolderRules withSeed(long other) {
    return new FolderRules(labels, columns, size, channels, other);
  }
}
