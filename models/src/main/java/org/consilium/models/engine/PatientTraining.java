package org.consilium.models.engine;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.consilium.models.data.Patients;

/**
 * A round of DP-SGD with a patient as the unit (Abadi et al. 2016, Algorithm 1). In each step every
 * patient is drawn by a chance of their own (Poisson sampling, so that a step may have nobody); the
 * mean gradient of a patient's images is clipped to norm C; the clipped ones are added up, with
 * noise of standard deviation σC in every coordinate, and divided by the expected number of
 * patients. The engine has no gradients by example, so each patient goes through the network alone.
 *
 * <p>A training that died goes on from its progress on disk with new randomness: nothing of what
 * was drawn after it has left, and every step that is made again is paid for again.
 *
 * <p>A patient whose gradient is not finite adds nothing. Everything after the noise (optimiser,
 * proximal term, averaging, learning rate) sees the noisy mean alone.
 */
final class PatientTraining {
  /** Steps that are paid for at once: few enough not to lose much when a round breaks off. */
  static final int PAID_STEPS = 32;

  private final Trainer trainer;
  private final Trainer.Parts parts;
  private final PatientNoise noise;
  private final GradientSum sum;

  PatientTraining(Trainer trainer, PatientNoise noise) {
    this.trainer = trainer;
    this.parts = trainer.parts();
    this.noise = noise;
    this.sum = new GradientSum(parts.tensors());
    if (!parts.objective().divisible()) {
      throw new IllegalArgumentException(
          "private training: this loss compares examples, so that none has a gradient of its own");
    }
    if (noise.patients().imageCount() != parts.objective().count()) {
      throw new IllegalArgumentException(
          "private training: patients of %d images, %d images to train on"
              .formatted(noise.patients().imageCount(), parts.objective().count()));
    }
  }

  TrainingOutcome run(TrainingRun run) throws IOException {
    int steps = noise.terms().steps();
    Optional<Trainer.Kept> kept = trainer.kept();
    Progress.Sums sums =
        kept.isPresent() ? kept.get().resumed(parts.optimiser()) : Progress.Sums.NONE;
    int first = sums.step();
    trainer.follow();
    for (int step = first; step < steps; step++) {
      // What a former process paid for is not asked for: how much of it was used nobody knows.
      boolean due = (step - first) % PAID_STEPS == 0;
      if (due && !noise.account().pay(Math.min(PAID_STEPS, steps - step))) {
        return new TrainingOutcome.Unpaid(step);
      }
      Drawn drawn = noisyGradient(step);
      double norm = parts.optimiser().gradientNorm();
      if (!Double.isFinite(norm)) {
        return new TrainingOutcome.Diverged(run.round(), step + 1, drawn.loss());
      }
      double rate = run.learningRate(step, steps);
      parts.optimiser().step(rate, norm);
      parts.objective().stepped();
      trainer.follow();
      parts.average().ifPresent(MovingAverage::add);
      sums = sums.plus(rate, drawn.loss(), norm, drawn.images());
      if (kept.isPresent()) {
        kept.get().offer(sums);
      }
      if (!run.watch().step(step + 1, steps, drawn.mean())) {
        return new TrainingOutcome.Stopped(step + 1);
      }
    }
    parts.average().ifPresent(MovingAverage::write);
    return new TrainingOutcome.Trained(
        sums.examples() == 0 ? 0 : sums.loss() / sums.examples(),
        steps,
        sums.norms() / steps,
        sums.rates(),
        1);
  }

  /** The patients of a step: their images' losses, which are for the hospital alone. */
  private record Drawn(double loss, int images) {
    double mean() {
      return images == 0 ? 0 : loss / images;
    }
  }

  /** Leaves the step's noisy mean gradient where the optimiser looks for it. */
  private Drawn noisyGradient(int step) throws EngineUnavailable {
    PatientNoise.Terms terms = noise.terms();
    Patients patients = noise.patients();
    double loss = 0;
    int images = 0;
    sum.clear();
    for (int patient : drawn(patients.count(), terms.rate(), noise.chance())) {
      int[] places = patients.imagesOf(patient);
      double theirs = trainer.gradientOf(places, step);
      double _ = sum.addClipped(terms.clip());
      parts.optimiser().dropGradients();
      if (Double.isFinite(theirs)) {
        loss += theirs;
        images += places.length;
      }
    }
    if (terms.sigma() > 0) {
      sum.addNoise(terms.sigma() * terms.clip(), noise.chance());
    }
    sum.write(1 / (terms.rate() * patients.count()));
    return new Drawn(loss, images);
  }

  /** Each of {@code count} with chance {@code rate}, whatever becomes of the others; rising. */
  static List<Integer> drawn(int count, double rate, RandomGenerator chance) {
    return IntStream.range(0, count).filter(_ -> chance.nextDouble() < rate).boxed().toList();
  }

  /** A run's noise, if it has any. */
  static Optional<PatientTraining> of(Trainer trainer, TrainingRun run) {
    return run.noise().map(noise -> new PatientTraining(trainer, noise));
  }
}
