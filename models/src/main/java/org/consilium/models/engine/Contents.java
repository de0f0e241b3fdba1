package org.consilium.models.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.function.Predicate;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;

/** Parameters as a digest sees them. */
final class Contents {
  private static final int BLOCK = 1 << 14;

  private Contents() {}

  /** Adds the layout, and the values of the tensors that {@code wanted} names, to a digest. */
  static void add(ParameterSource source, Predicate<String> wanted, MessageDigest sha)
      throws IOException {
    ParameterLayout layout = source.layout();
    sha.update(layout.digest().bytes());
    float[] block = new float[BLOCK];
    ByteBuffer bytes = ByteBuffer.allocate(BLOCK * Float.BYTES);
    for (int t = 0; t < layout.tensors().size(); t++) {
      if (!wanted.test(layout.tensors().get(t).name())) {
        continue;
      }
      long end = layout.offset(t + 1);
      for (long from = layout.offset(t); from < end; from += BLOCK) {
        int some = (int) Math.min(BLOCK, end - from);
        source.read(from, block, 0, some);
        bytes.clear().asFloatBuffer().put(block, 0, some);
        sha.update(bytes.limit(some * Float.BYTES));
      }
    }
  }
}
