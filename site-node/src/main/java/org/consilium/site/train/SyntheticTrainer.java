package org.consilium.site.train;

import java.io.IOException;
import java.util.Optional;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.site.policy.Why;

/**
 * A delta without training, for the architecture {@code synthetic}: coordinate i of site and round
 * is a hash of (seed, round, i), uniform in ±0.001. It is made when it is read, so any size costs
 * no memory. It measures what a round costs beside training.
 */
public final class SyntheticTrainer implements LocalTrainer {
  /** Largest magnitude of a coordinate: small against any clip. */
  private static final float BOUND = 1e-3f;

  @Override
  public TrainingResult train(TrainingJob job, Watch watch) throws IOException {
    SafetensorsFile base = SafetensorsFile.open(job.base());
    if (!base.layout().digest().equals(job.layoutDigest())) {
      base.close();
      return new TrainingResult.Failed(Why.BAD_MODEL, "the file's layout is not the task's");
    }
    if (!watch.step(1, 1, 0)) {
      base.close();
      return new TrainingResult.Stopped();
    }
    long key = TrainingJob.mix(job.seed() + job.round());
    ParameterSource moved = new Moved(RoundLayout.parameters(base), key);
    ParameterSource trained = RoundUpdate.of(job, base, moved, new RoundUpdate.Done(1, 1));
    return new TrainingResult.Trained(
        Delta.between(trained, base), 0, 1, Optional.empty(), base::close);
  }

  /** The base moved by the hash: the difference to it is the delta. */
  private record Moved(ParameterSource base, long key) implements ParameterSource {
    @Override
    public ParameterLayout layout() {
      return base.layout();
    }

    @Override
    public void read(long offset, float[] into, int at, int length) throws IOException {
      base.read(offset, into, at, length);
      for (int i = 0; i < length; i++) {
        // 24 high bits of the hash as a float in [-1, 1).
        int bits = (int) (TrainingJob.mix(key + offset + i) >> 40);
        into[at + i] += bits * 0x1p-23f * BOUND;
      }
    }
  }
}
