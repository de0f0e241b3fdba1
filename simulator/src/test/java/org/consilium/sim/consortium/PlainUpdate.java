package org.consilium.sim.consortium;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntFunction;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.RoundingStream;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.train.SyntheticTrainer;
import org.consilium.site.train.TrainingJob;
import org.consilium.site.train.TrainingResult;

/**
 * What a site computes in round 1 and no one else may see: its delta, and the integers that it
 * hides. Made anew from the same seed and rounding secret; weights are 1.
 *
 * @param delta in layout order
 * @param integers the delta in fixed point
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PlainUpdate(float[] delta, int[] integers) {
  /** Values of one pattern, and how far patterns are apart. */
  static final int RUN = 8;

  private static final int STRIDE = 64;

  /** The round's fixed point. */
  static FixedTerms terms(StudyPlan plan) {
    return FixedTerms.of(
        plan.protection().weightMax(),
        plan.participation().sites().size(),
        plan.protection().range());
  }

  /**
   * The update of a site.
   *
   * @param secret its rounding secret
   * @param base file of the version that the round starts from
   */
  static PlainUpdate of(StudyPlan plan, SiteId site, byte[] secret, Path base) throws Exception {
    float[] delta = delta(plan, site, 1, base);
    String version = Digest.sha256(java.nio.file.Files.readAllBytes(base)).hex();
    String label = "rounding/%s/1/%s".formatted(plan.study(), version);
    FixedTerms terms = terms(plan);
    Quantiser quantiser =
        new Quantiser(
            terms,
            RoundingStream.of(
                secret, Digest.sha256(label.getBytes(StandardCharsets.US_ASCII)).bytes()));
    int[] integers = new int[delta.length];
    int f = terms.scaleExponent(Math.getExponent(plan.protection().range()));
    var _ = quantiser.quantise(new Quantiser.Run(0, delta.length, f, 1, 1), delta, 0, integers, 0);
    return new PlainUpdate(delta, integers);
  }

  /** What a site learns in a round. */
  static float[] delta(StudyPlan plan, SiteId site, int round, Path base) throws Exception {
    ParameterLayout layout;
    try (SafetensorsFile file = SafetensorsFile.open(base)) {
      layout = file.layout();
    }
    TrainingJob job =
        new TrainingJob(
            plan,
            site,
            round,
            base,
            Optional.empty(),
            layout.digest(),
            new CohortSpec("synthetic:50", Optional.empty()).open(),
            base.resolveSibling("unused"),
            50);
    float[] delta = new float[Math.toIntExact(layout.length())];
    TrainingResult result = new SyntheticTrainer().train(job, (_, _, _) -> true);
    try (TrainingResult.Trained trained = (TrainingResult.Trained) result) {
      trained.delta().read(0, delta, 0, delta.length);
    }
    return delta;
  }

  /** Adds runs of eight values, every 64th one on, in each way in which a program may hold them. */
  int addTo(ByteSearch search, String what) {
    int added = add(search, what + " integers", integers.length, i -> integers[i]);
    return added + floats(search, what + " delta", delta);
  }

  /** Adds runs of whole numbers, as 4 and as 8 bytes. */
  static int add(ByteSearch search, String what, int length, IntFunction<Integer> value) {
    int added = 0;
    for (int at = 0; at + RUN <= length; at += STRIDE) {
      for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
        ByteBuffer narrow = ByteBuffer.allocate(RUN * Integer.BYTES).order(order);
        ByteBuffer wide = ByteBuffer.allocate(RUN * Long.BYTES).order(order);
        for (int i = at; i < at + RUN; i++) {
          narrow.putInt(value.apply(i));
          wide.putLong(value.apply(i));
        }
        added += search.add(what, narrow.array()) ? 1 : 0;
        added += search.add(what, wide.array()) ? 1 : 0;
      }
    }
    return added;
  }

  /** Adds runs of floats, as 4 and as 8 bytes. */
  static int floats(ByteSearch search, String what, float[] values) {
    int added = 0;
    for (int at = 0; at + RUN <= values.length; at += STRIDE) {
      for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
        ByteBuffer narrow = ByteBuffer.allocate(RUN * Float.BYTES).order(order);
        ByteBuffer wide = ByteBuffer.allocate(RUN * Double.BYTES).order(order);
        for (int i = at; i < at + RUN; i++) {
          narrow.putFloat(values[i]);
          wide.putDouble(values[i]);
        }
        added += search.add(what, narrow.array()) ? 1 : 0;
        added += search.add(what, wide.array()) ? 1 : 0;
      }
    }
    return added;
  }

  /** All parameters of a version. */
  static float[] parameters(Path file) throws IOException {
    try (SafetensorsFile version = SafetensorsFile.open(file)) {
      float[] all = new float[Math.toIntExact(version.layout().length())];
      version.read(0, all, 0, all.length);
      return all;
    }
  }
}
