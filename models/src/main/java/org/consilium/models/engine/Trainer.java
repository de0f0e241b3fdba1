package org.consilium.models.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.StudyPlan;

/** One run of {@link LocalModel#train}. */
final class Trainer implements AutoCloseable {
  private final LocalModel model;
  private final ImageSet images;
  private final TrainingRun run;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final MicroBatch microBatch;
  private final GradientCollector collector;
  private final List<NDArray> gradients = new ArrayList<>();
  private final AdamW optimiser;

  Trainer(LocalModel model, ImageSet images, TrainingRun run) {
    this(model, images, run, model.microBatch(run.plan().batchSize()));
  }

  Trainer(LocalModel model, ImageSet images, TrainingRun run, MicroBatch microBatch) {
    this.model = model;
    this.images = images;
    this.run = run;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().augmentation());
    this.microBatch = microBatch;
    this.collector = Engine.getEngine("PyTorch").newGradientCollector();
    try {
      model.parameters().forEach(parameter -> parameter.setRequiresGradient(true));
      this.optimiser = optimiser();
    } catch (RuntimeException failure) {
      release();
      throw failure;
    }
  }

  TrainingOutcome run() throws EngineUnavailable {
    StudyPlan.Training plan = run.plan();
    int stepsPerEpoch = Math.ceilDiv(images.count(), plan.batchSize());
    int steps = Math.multiplyExact(stepsPerEpoch, plan.localEpochs());
    double loss = 0;
    double norms = 0;
    int step = 0;
    for (int epoch = 0; epoch < plan.localEpochs(); epoch++) {
      int[] order = order(epoch);
      loss = 0;
      norms = 0;
      for (int from = 0; from < order.length; from += plan.batchSize()) {
        int[] places =
            Arrays.copyOfRange(order, from, Math.min(order.length, from + plan.batchSize()));
        double sum = gradientOf(places, epoch);
        double norm = optimiser.gradientNorm();
        if (!Double.isFinite(sum) || !Double.isFinite(norm)) {
          return new TrainingOutcome.Diverged(run.round(), step + 1, sum / places.length);
        }
        optimiser.step(run.learningRate(step, steps), norm);
        step++;
        loss += sum;
        norms += norm;
        if (!run.watch().step(step, steps, sum / places.length)) {
          return new TrainingOutcome.Stopped(step);
        }
      }
    }
    return new TrainingOutcome.Trained(
        loss / images.count(), step, norms / stepsPerEpoch, microBatch.size());
  }

  @Override
  public void close() {
    optimiser.dropGradients();
    release();
  }

  private void release() {
    gradients.forEach(NDArray::close);
    model.parameters().forEach(parameter -> parameter.setRequiresGradient(false));
    collector.close();
  }

  /** Adds the step's gradient up in the parameters; returns the sum of the examples' losses. */
  double gradientOf(int[] places, int epoch) throws EngineUnavailable {
    double[] sum = new double[1];
    int done = 0;
    while (done < places.length) {
      int some = Math.min(microBatch.size(), places.length - done);
      int[] part = Arrays.copyOfRange(places, done, done + some);
      if (microBatch.fits(() -> sum[0] += backward(part, places.length, epoch))) {
        done += some;
      } else {
        // A pass that broke off may have added a part of its gradient: the step begins again.
        optimiser.dropGradients();
        sum[0] = 0;
        done = 0;
      }
    }
    return sum[0];
  }

  private double backward(int[] places, int share, int epoch) {
    int length = images.imageLength();
    float[] values = new float[places.length * length];
    int[] labels = new int[places.length];
    for (int i = 0; i < places.length; i++) {
      SplittableRandom random = random(epoch, places[i]);
      augmentation.apply(
          images, places[i], preprocessing, random, new Augmentation.Target(values, i * length));
      labels[i] = images.label(places[i]);
    }
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray logits = model.logits(model.batch(scope, values, places.length));
      float[] seen = logits.toFloatArray();
      float[] slope = new float[seen.length];
      double sum = Loss.sum(seen, labels, slope, share);
      // d(Σ logit·slope)/dw = Σ slope·dlogit/dw: the loss's gradient, with the slope a constant.
      collector.backward(logits.mul(scope.create(slope, logits.getShape())).sum());
      return sum;
    }
  }

  /**
   * One empty backward pass makes the gradients exist; from then on the engine adds to them in
   * place.
   */
  private AdamW optimiser() {
    try (NDManager scope = model.manager().newSubManager()) {
      float[] blank = new float[images.imageLength()];
      NDArray logits = model.logits(model.batch(scope, blank, 1));
      collector.backward(logits.mul(scope.zeros(logits.getShape())).sum());
    }
    StudyPlan.Training plan = run.plan();
    List<Optimiser.Trained> tensors = new ArrayList<>();
    for (int t = 0; t < model.parameters().size(); t++) {
      NDArray gradient = model.parameters().get(t).getGradient();
      gradients.add(gradient);
      Shape shape = gradient.getShape();
      tensors.add(
          new Optimiser.Trained(
              model.storage(t),
              model.storage(gradient),
              Math.toIntExact(shape.size()),
              shape.dimension() > 1));
    }
    AdamW made =
        new AdamW(
            tensors,
            new AdamW.Settings(plan.weightDecay(), plan.gradientClip(), plan.proximalMu()));
    made.dropGradients();
    return made;
  }

  private int[] order(int epoch) {
    SplittableRandom random = random(epoch, -1);
    int[] order = new int[images.count()];
    for (int i = 0; i < order.length; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  /**
   * A generator of its own for every (seed, round, epoch, image), whatever else was drawn before.
   */
  private SplittableRandom random(int epoch, int image) {
    long mixed = new SplittableRandom(run.seed() ^ (run.round() * 0x9E3779B97F4A7C15L)).nextLong();
    mixed = new SplittableRandom(mixed ^ (epoch * 0xD1342543DE82EF95L)).nextLong();
    return new SplittableRandom(mixed ^ ((image + 1L) * 0xBF58476D1CE4E5B9L));
  }
}
