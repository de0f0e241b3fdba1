package org.consilium.models.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;

/**
 * A published checkpoint as parameters of one of our architectures. Every tensor of the file is
 * used or on its family's list of what is passed over, every tensor of the architecture is found,
 * shapes are equal; otherwise it is refused. Values are read from the file when they are asked for;
 * only what must be computed (resampled positions, a transposed projection) is kept.
 */
public final class Checkpoint implements ParameterSource, Closeable {
  private final SafetensorsFile file;
  private final ParameterLayout layout;
  private final Matching.Matched matched;

  private Checkpoint(SafetensorsFile file, ParameterLayout layout, Matching.Matched matched) {
    this.file = file;
    this.layout = layout;
    this.matched = matched;
  }

  /**
   * What is wanted of a file.
   *
   * @param family whose names it has
   * @param positions what to do if its position table is for another grid
   * @param freshHead the file's head is passed over and ours starts anew
   * @param seed of a new head's starting values
   */
  public record Wanted(Family family, PositionRule positions, boolean freshHead, long seed) {
    /** Everything as it stands in the file. */
    public static Wanted all(Family family) {
      return new Wanted(family, new PositionRule.Strict(), false, 0);
    }

    /** The same with a head of starting values. */
    public Wanted withFreshHead(long otherSeed) {
      return new Wanted(family, positions, true, otherSeed);
    }

    /** The same with a rule for other grids. */
    public Wanted resampled(PositionRule rule) {
      return new Wanted(family, rule, freshHead, seed);
    }
  }

  /**
   * Opens a file and checks all names and shapes.
   *
   * @throws CheckpointRefused if it is not what family and architecture say
   * @throws IOException if it cannot be read, or breaks a rule of the format
   */
  public static Checkpoint open(Path path, Architecture architecture, Wanted wanted)
      throws IOException {
    SafetensorsFile file = SafetensorsFile.open(path);
    try {
      Matching.Matched matched = new Matching(file, architecture, wanted).match();
      return new Checkpoint(file, architecture.layout(), matched);
    } catch (IOException | RuntimeException refused) {
      file.close();
      throw refused;
    }
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  /** Tensors of the file that were passed over, as its family says. */
  public List<String> passedOver() {
    return matched.passedOver();
  }

  /** Tensors of ours that are not in the file and have starting values. */
  public List<String> fresh() {
    return matched.fresh();
  }

  /** Whether positions were brought to another grid. */
  public boolean resampled() {
    return matched.resampled();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    layout.pieces(
        offset,
        length,
        (tensor, within, done, some) ->
            matched.readings().get(tensor).read(file, within, into, at + done, some));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
