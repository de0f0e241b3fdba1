package org.consilium.site.train;

import java.io.IOException;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/**
 * Local parameters minus the round's global parameters, in plain. It is computed block by block
 * when it is read and never held whole. Only {@code site.protect} may use it (checked by a test).
 */
public final class Delta implements ParameterSource {
  /** 256 KiB of float32: the base is read in pieces of this many values. */
  private static final int BLOCK = 1 << 16;

  private final ParameterSource trained;
  private final ParameterSource base;
  private final float[] block = new float[BLOCK];

  private Delta(ParameterSource trained, ParameterSource base) {
    this.trained = trained;
    this.base = base;
  }

  /** {@code trained − base}; both are read, not owned, and must stay open while this is used. */
  static Delta between(ParameterSource trained, ParameterSource base) {
    if (!trained.layout().equals(base.layout())) {
      throw new IllegalArgumentException(
          "delta: layouts differ: %s and %s".formatted(trained.layout(), base.layout()));
    }
    return new Delta(trained, base);
  }

  @Override
  public ParameterLayout layout() {
    return base.layout();
  }

  /** One thread at a time. */
  @Override
  public void read(long offset, float[] into, int at, int length) throws IOException {
    trained.read(offset, into, at, length);
    for (int done = 0; done < length; done += BLOCK) {
      int now = Math.min(BLOCK, length - done);
      base.read(offset + done, block, 0, now);
      for (int i = 0; i < now; i++) {
        into[at + done + i] -= block[i];
      }
    }
  }
}
