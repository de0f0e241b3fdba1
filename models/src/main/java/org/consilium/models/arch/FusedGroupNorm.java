package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The engine's {@code aten::group_norm}, one pass forward and one back. */
final class FusedGroupNorm implements GroupNorm {
  private static final int ARGUMENTS = 6;

  private final int groups;
  private final EngineCalls engine;
  private final MemorySegment operation = Arena.ofAuto().allocateFrom("aten::group_norm");

  private FusedGroupNorm(int groups, EngineCalls engine) {
    this.groups = groups;
    this.engine = engine;
  }

  /** Empty where the loaded engine lacks the C interface. */
  static Optional<FusedGroupNorm> find(int groups) {
    return EngineCalls.find().map(engine -> new FusedGroupNorm(groups, engine));
  }

  @Override
  public NDArray apply(NDArray x, NDArray scale, NDArray shift) {
    return engine.call(
        operation,
        x,
        ARGUMENTS,
        slots ->
            slots
                .tensor(x)
                .whole(groups)
                .optional(scale)
                .optional(shift)
                .real(EPSILON)
                .whole(0)); // without cuDNN, which has none for groups
  }
}
