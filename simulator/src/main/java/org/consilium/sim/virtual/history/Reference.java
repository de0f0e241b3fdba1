package org.consilium.sim.virtual.history;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.RoundingStream;
import org.consilium.security.fixed.WeightRule;
import org.consilium.sim.virtual.part.World;

/**
 * What a round makes of the same survivors when nothing goes wrong: plain deltas, rounded as each
 * site rounds, added as long integers, and one step. No seal, no mask, no spool, no block, none of
 * the coordinator's code. Equal bits of every parameter are asked for.
 */
public final class Reference {
  private final World world;
  private final Function<ModelVersion, Path> files;
  private final Map<String, float[]> deltas = new HashMap<>();
  private final Map<Digest, Origin> carried = new HashMap<>();
  private final Map<ModelVersion, float[]> versions = new HashMap<>();

  /**
   * Of a run.
   *
   * @param files where a published version lies, read past all faults
   */
  public Reference(World world, Function<ModelVersion, Path> files) {
    this.world = world;
    this.files = files;
  }

  /** The study's starting version. */
  public void began(ModelVersion initial) throws IOException {
    float[] _ = versions.put(initial, read(initial));
  }

  /** A site has trained: its plain delta, which leaves it nowhere else than to this check. */
  public void trained(SiteId site, int round, ModelVersion base, float[] delta) {
    float[] _ = deltas.put(key(site, round, base), delta);
  }

  /** What a delta was trained for and from. */
  private record Origin(int round, ModelVersion base) {}

  /** A site has sealed a delta anew for a later round than the one that it was trained for. */
  public void carries(Digest upload, int round, ModelVersion base) {
    Origin _ = carried.put(upload, new Origin(round, base));
  }

  /** The earlier round that an update was trained for; empty if that is the one it was sent for. */
  Optional<Integer> origin(Digest upload) {
    return Optional.ofNullable(carried.get(upload)).map(Origin::round);
  }

  /** Holds a published version against the step that these survivors make. */
  void judge(
      History history,
      String place,
      RoundTask task,
      Map<SiteId, Digest> survivors,
      ModelVersion base,
      ModelVersion made) {
    try {
      if (!Digest.sha256(files.apply(made)).equals(made.digest())) {
        history.violated(Invariant.I3, "the file of %s is not what its name says".formatted(place));
        return;
      }
      float[] found = read(made);
      float[] from = versions.get(base);
      if (from == null) {
        history.violated(Invariant.I4, "%s has an unknown parent".formatted(place));
        return;
      }
      if (!same(found, step(from, task, List.copyOf(survivors.entrySet()), base))) {
        history.violated(
            twice(found, from, task, survivors, base) ? Invariant.I2 : Invariant.I3,
            "the version of %s is not the mean of its %d survivors"
                .formatted(place, survivors.size()));
      }
      float[] _ = versions.put(made, found);
    } catch (IOException gone) {
      history.violated(Invariant.I3, "the version of %s cannot be read: %s".formatted(place, gone));
    }
  }

  /** Whether one survivor counted twice would explain what was found. */
  private boolean twice(
      float[] found,
      float[] from,
      RoundTask task,
      Map<SiteId, Digest> survivors,
      ModelVersion base) {
    return survivors.entrySet().stream()
        .anyMatch(
            one -> {
              List<Map.Entry<SiteId, Digest>> more = new ArrayList<>(survivors.entrySet());
              more.add(one);
              return same(found, step(from, task, more, base));
            });
  }

  /** x + Σ wΔ / Σ w, in the order of the formula. */
  private float[] step(
      float[] from, RoundTask task, List<Map.Entry<SiteId, Digest>> survivors, ModelVersion base) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    StudyPlan.Protection protection = world.plan().protection();
    FixedTerms fixed =
        FixedTerms.of(protection.weightMax(), terms.participants().size(), protection.range());
    ParameterLayout layout = world.layout();
    long[] sums = new long[from.length];
    long weights = 0;
    for (Map.Entry<SiteId, Digest> survivor : survivors) {
      SiteId site = survivor.getKey();
      Origin origin = carried.getOrDefault(survivor.getValue(), new Origin(task.round(), base));
      int whole =
          rule()
              .weight(
                  world.member(site).samples(), terms.referenceSamples(), protection.weightMax());
      int weight = stale(whole, task.round() - origin.round());
      int[] vector = quantised(site, task, base, delta(site, origin), fixed, weight);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += vector[i];
      }
      weights += weight;
    }
    float[] to = new float[from.length];
    for (int t = 0; t < layout.tensors().size(); t++) {
      double unit = Math.scalb(1.0, -fixed.scaleExponent(terms.scaleExponents().get(t)));
      for (int i = (int) layout.offset(t); i < layout.offset(t + 1); i++) {
        to[i] = (float) (from[i] + sums[i] / (double) weights * unit);
      }
    }
    return to;
  }

  private WeightRule rule() {
    return switch (world.plan().aggregation().weighting()) {
      case SAMPLES -> WeightRule.SAMPLES;
      case UNIFORM -> WeightRule.UNIFORM;
    };
  }

  /** w / √(1 + k), rounded, at least 1: the plan's exponent is a half. */
  private static int stale(int weight, int rounds) {
    return rounds == 0 ? weight : (int) Math.max(1, Math.rint(weight / Math.sqrt(1.0 + rounds)));
  }

  private float[] delta(SiteId site, Origin origin) {
    return Optional.ofNullable(deltas.get(key(site, origin.round(), origin.base())))
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "%s is a survivor and never trained for round %d"
                        .formatted(site, origin.round())));
  }

  private int[] quantised(
      SiteId site, RoundTask task, ModelVersion base, float[] delta, FixedTerms fixed, int weight) {
    String label = "rounding/%s/%d/%s".formatted(task.study(), task.round(), base.digest().hex());
    RoundingStream rounding =
        RoundingStream.of(
            world.member(site).identity().roundingSecret(),
            Digest.sha256(label.getBytes(StandardCharsets.US_ASCII)).bytes());
    Quantiser quantiser = new Quantiser(fixed, rounding);
    ParameterLayout layout = world.layout();
    int[] out = new int[delta.length];
    try {
      for (int t = 0; t < layout.tensors().size(); t++) {
        int at = (int) layout.offset(t);
        int scale = fixed.scaleExponent(task.terms().orElseThrow().scaleExponents().get(t));
        int length = (int) layout.tensors().get(t).length();
        var run = new Quantiser.Run(at, length, scale, 1, weight);
        int _ = quantiser.quantise(run, delta, at, out, at);
      }
    } catch (NotFinite impossible) {
      throw new IllegalStateException("a synthetic delta is not finite", impossible);
    }
    return out;
  }

  private float[] read(ModelVersion version) throws IOException {
    Path file = files.apply(version);
    if (!Files.exists(file)) {
      throw new IOException(version + " is not there");
    }
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      float[] values = new float[(int) open.layout().length()];
      open.read(0, values, 0, values.length);
      return values;
    }
  }

  private static boolean same(float[] a, float[] b) {
    boolean same = a.length == b.length;
    for (int i = 0; same && i < a.length; i++) {
      same = Float.floatToRawIntBits(a[i]) == Float.floatToRawIntBits(b[i]);
    }
    return same;
  }

  private static String key(SiteId site, int round, ModelVersion base) {
    return "%s/%d/%s".formatted(site, round, base.digest().hex());
  }
}
