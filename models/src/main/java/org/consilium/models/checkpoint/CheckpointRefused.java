package org.consilium.models.checkpoint;

import java.io.IOException;
import java.util.List;
import org.consilium.protocol.Limits;

/** A checkpoint is not what its family and the wanted architecture say. */
public final class CheckpointRefused extends IOException {
  private static final long serialVersionUID = 1L;

  /** Most tensors that a message names. */
  private static final int NAMED_MAX = 10;

  /** What does not fit. */
  public enum Reason {
    /** Tensors of the architecture are not in the file. */
    MISSING,
    /** Tensors of the file belong to nothing. */
    LEFT_OVER,
    /** Tensors have another shape. */
    SHAPE,
    /** The position table is for another grid, and no rule for resampling was given. */
    GRID,
    /** The family's normalisations add another epsilon than the architecture's. */
    EPSILON
  }

  private final Reason reason;

  CheckpointRefused(Reason reason, String detail) {
    super("read checkpoint: " + detail);
    this.reason = reason;
  }

  /** One line for many tensors: {@code what}, how many, and the first few of them. */
  static CheckpointRefused of(Reason reason, String what, List<String> tensors) {
    List<String> named = tensors.stream().limit(NAMED_MAX).map(CheckpointRefused::legible).toList();
    String more = tensors.size() > NAMED_MAX ? ", .." : "";
    return new CheckpointRefused(
        reason, "%d %s: %s%s".formatted(tensors.size(), what, String.join(", ", named), more));
  }

  /** What does not fit. */
  public Reason reason() {
    return reason;
  }

  /** Names were checked by the reader; they may still be long. */
  private static String legible(String tensor) {
    return tensor.length() <= 120 ? tensor : Limits.printable(tensor);
  }
}
