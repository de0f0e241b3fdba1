package org.consilium.models.checkpoint;

import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.VisionTransformer;

/**
 * How a table of positions is brought to another grid. The families differ by more than rounding,
 * so a checkpoint's own rule must be asked for. In double precision, once, when a file is opened.
 */
public sealed interface PositionRule {
  /** Another grid is refused. */
  record Strict() implements PositionRule {}

  /** timm's: bicubic with a = −0.5, spread over more cells when it shrinks (antialias). */
  record Timm() implements PositionRule {}

  /**
   * DINOv2's: bicubic over (cells + offset) / native cells.
   *
   * @param offset 0.1 in the models without registers, 0 in those with
   * @param antialias with it a = −0.5, without it a = −0.75
   */
  record DinoV2(double offset, boolean antialias) implements PositionRule {}

  /** DINOv2's rule as its models without registers, and those with, were published. */
  static PositionRule dinoV2(Architecture model) {
    boolean registers =
        model instanceof VisionTransformer vision && vision.shape().tokens().registers() > 0;
    return registers ? new DinoV2(0, true) : new DinoV2(0.1, false);
  }

  /** Cells of a table, rows first. */
  record Grid(int rows, int columns) {
    /** Number of cells. */
    public int cells() {
      return Math.multiplyExact(rows, columns);
    }

    boolean square() {
      return rows == columns;
    }
  }

  /**
   * The table on another grid. A square grid of the same size gives the table itself.
   *
   * @param table [prefix + from.cells, width], read
   * @param prefix rows before the grid, which stay as they are
   * @throws IllegalArgumentException under {@link Strict}, or if the table is not of that size
   */
  default float[] resample(float[] table, int prefix, Grid from, Grid to) {
    int rows = prefix + from.cells();
    if (table.length % rows != 0 || table.length == 0) {
      throw new IllegalArgumentException(
          "resample positions: %d values are no table of %d rows".formatted(table.length, rows));
    }
    int width = table.length / rows;
    boolean same = from.equals(to) && to.square();
    return switch (this) {
      case Strict _ ->
          throw new IllegalArgumentException(
              "resample positions: %s to %s without a rule".formatted(from, to));
      case Timm _ ->
          same ? table.clone() : new Bicubic(width, true, 0).resample(table, prefix, from, to);
      case DinoV2(double offset, boolean antialias) ->
          same
              ? table.clone()
              : new Bicubic(width, antialias, offset).resample(table, prefix, from, to);
    };
  }
}
