package org.consilium.models.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/** One run of {@link LocalModel#train}. */
final class Trainer implements AutoCloseable {
  /** Tensors that are not decayed although they have several dimensions. */
  private static final Pattern POSITIONS =
      Pattern.compile("(.*[._])?(pos_embed|cls_token|reg_token|mask_token)");

  private final LocalModel model;
  private final Objective objective;
  private final TrainingRun run;
  private final MicroBatch microBatch;
  private final Replicas replicas;
  private final GradientCollector collector;
  private final List<NDArray> gradients = new ArrayList<>();
  private final List<Optimiser.Trained> tensors = new ArrayList<>();
  private final Optimiser optimiser;
  private final Optional<MovingAverage> average;

  /**
   * @param replicas of the model on further devices; the caller closes them after this
   */
  Trainer(LocalModel model, Objective objective, TrainingRun run, Replicas replicas)
      throws IOException {
    this(model, objective, run, replicas, model.microBatch(run.plan().batchSize()));
  }

  Trainer(
      LocalModel model,
      Objective objective,
      TrainingRun run,
      Replicas replicas,
      MicroBatch microBatch)
      throws IOException {
    this.model = model;
    this.objective = objective;
    this.run = run;
    this.replicas = replicas;
    this.microBatch = objective.divisible() ? microBatch : MicroBatch.whole(run.plan().batchSize());
    this.collector = Engine.getEngine("PyTorch").newGradientCollector();
    try {
      model.trained().forEach(t -> model.parameters().get(t).setRequiresGradient(true));
      this.optimiser = optimiser();
      replicas.record(collector);
      double averaging = run.plan().schedule().averaging();
      this.average =
          averaging > 0 ? Optional.of(new MovingAverage(tensors, averaging)) : Optional.empty();
    } catch (IOException | RuntimeException failure) {
      release();
      throw failure;
    }
  }

  TrainingOutcome run() throws IOException {
    Optional<PatientTraining> hiding = PatientTraining.of(this, run);
    return hiding.isPresent() ? hiding.get().run(run) : plainly();
  }

  /** What a step by step training of another kind works on; owned by this. */
  record Parts(
      Objective objective,
      List<Optimiser.Trained> tensors,
      Optimiser optimiser,
      Optional<MovingAverage> average) {}

  Parts parts() {
    return new Parts(objective, List.copyOf(tensors), optimiser, average);
  }

  /** Takes a step over to the replicas. */
  void follow() {
    replicas.follow(tensors);
  }

  private TrainingOutcome plainly() throws IOException {
    Training plan = run.plan();
    int stepsPerEpoch = Math.ceilDiv(objective.count(), plan.batchSize());
    int steps =
        plan.localSteps() > 0
            ? plan.localSteps()
            : Math.multiplyExact(stepsPerEpoch, plan.localEpochs());
    Optional<Kept> kept = kept();
    Progress.Sums sums = kept.isPresent() ? kept.get().resumed(optimiser) : Progress.Sums.NONE;
    replicas.follow(tensors);
    int[] order = new int[0];
    while (sums.step() < steps) {
      int epoch = sums.step() / stepsPerEpoch;
      int from = sums.step() % stepsPerEpoch * plan.batchSize();
      if (from == 0 || order.length == 0) {
        order = order(epoch);
        sums = from == 0 ? sums.nextEpoch() : sums;
      }
      int[] places =
          Arrays.copyOfRange(order, from, Math.min(order.length, from + plan.batchSize()));
      double sum = gradientOf(places, epoch);
      double norm = optimiser.gradientNorm();
      if (!Double.isFinite(sum) || !Double.isFinite(norm)) {
        return new TrainingOutcome.Diverged(run.round(), sums.step() + 1, sum / places.length);
      }
      double rate = run.learningRate(sums.step(), steps);
      optimiser.step(rate, norm);
      objective.stepped();
      replicas.follow(tensors);
      average.ifPresent(MovingAverage::add);
      sums = sums.plus(rate, sum, norm, places.length);
      if (kept.isPresent()) {
        kept.get().offer(sums);
      }
      if (!run.watch().step(sums.step(), steps, sum / places.length)) {
        return new TrainingOutcome.Stopped(sums.step());
      }
    }
    average.ifPresent(MovingAverage::write);
    return new TrainingOutcome.Trained(
        sums.loss() / sums.examples(),
        sums.step(),
        sums.norms() / sums.steps(),
        sums.rates(),
        microBatch.size());
  }

  /** A training whose progress is kept, and all that it consists of. */
  record Kept(Progress progress, Digest key, Progress.State state) {
    /** Where it goes on. */
    Progress.Sums resumed(Optimiser optimiser) throws IOException {
      Optional<Progress.Sums> found = progress.resume(key, state);
      found.ifPresent(sums -> optimiser.resume(sums.step()));
      return found.orElse(Progress.Sums.NONE);
    }

    void offer(Progress.Sums sums) {
      progress.offer(key, sums, state);
    }
  }

  /** Empty where nothing is kept. */
  Optional<Kept> kept() throws IOException {
    if (model.progress().isEmpty()) {
      return Optional.empty();
    }
    List<float[]> memory = new ArrayList<>(optimiser.memory());
    average.ifPresent(a -> memory.addAll(a.memory()));
    Progress.State state = new Progress.State(tensors, memory);
    return Optional.of(new Kept(model.progress().get(), key(), state));
  }

  /**
   * What decides a training, together with the images: settings, noise, seed, correction and the
   * values it starts from.
   */
  private Digest key() throws IOException {
    MessageDigest sha = Digest.newSha256();
    sha.update(model.progress().orElseThrow().subject().bytes());
    String settings =
        "%s %s %d/%d %d %d %s"
            .formatted(
                run.task(),
                run.plan(),
                run.round(),
                run.rounds(),
                run.seed(),
                objective.count(),
                run.noise().map(PatientNoise::terms));
    sha.update(settings.getBytes(StandardCharsets.UTF_8));
    if (run.correction().isPresent()) {
      float[] by = run.correction().get();
      ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(by.length, Float.BYTES));
      bytes.asFloatBuffer().put(by);
      sha.update(bytes);
    }
    Set<String> trained = new HashSet<>(model.set().trained());
    Contents.add(model, trained::contains, sha);
    return Digest.of(sha.digest());
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
    int lanes = 1 + replicas.count();
    int done = 0;
    int parts = 0;
    while (done < places.length) {
      int most = Math.min(microBatch.size(), Math.ceilDiv(places.length, lanes));
      int some = Math.min(most, places.length - done);
      int[] part = Arrays.copyOfRange(places, done, done + some);
      int lane = parts % lanes;
      if (microBatch.fits(some, () -> sum[0] += backward(lane, part, places.length, epoch))) {
        done += some;
        parts++;
      } else {
        // A pass that broke off may have added a part of its gradient: the step begins again.
        optimiser.dropGradients();
        replicas.drop(tensors);
        sum[0] = 0;
        done = 0;
        parts = 0;
      }
    }
    if (parts > 1) {
      replicas.gather(tensors);
    }
    return sum[0];
  }

  /**
   * One part of a step.
   *
   * @param lane 0 for the model itself, then its replicas
   */
  private double backward(int lane, int[] places, int share, int epoch) {
    LocalModel on = lane == 0 ? model : replicas.model(lane - 1);
    Objective learned = lane == 0 ? objective : replicas.objective(lane - 1);
    try (NDManager scope = on.manager().newSubManager()) {
      List<NDArray> parts = new ArrayList<>();
      IntFunction<SplittableRandom> random = example -> random(epoch, example);
      double sum =
          learned.pass(
              scope,
              new Objective.Draw(places, share, random),
              // d(Σ output·slope)/dw = Σ slope·doutput/dw: the loss's gradient, with the slope a
              // constant.
              (output, slope) ->
                  parts.add(output.mul(scope.create(slope, output.getShape())).sum()));
      NDArray total = parts.getFirst();
      for (NDArray part : parts.subList(1, parts.size())) {
        total = total.add(part);
      }
      collector.backward(total);
      return sum;
    }
  }

  /**
   * One empty backward pass makes the gradients exist; from then on the engine adds to them in
   * place.
   */
  private Optimiser optimiser() throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray output = objective.blank(scope);
      collector.backward(output.mul(scope.zeros(output.getShape())).sum());
    }
    Training plan = run.plan();
    TrainedSet set = model.set();
    for (int t : model.trained()) {
      NDArray gradient = model.parameters().get(t).getGradient();
      gradients.add(gradient);
      TensorSpec tensor = set.whole().tensors().get(t);
      int above = set.architecture().depth() + 1 - set.architecture().layer(tensor.name());
      tensors.add(
          new Optimiser.Trained(
              model.storage(t),
              model.storage(gradient),
              Math.toIntExact(tensor.length()),
              tensor.shape().size() > 1 && !POSITIONS.matcher(tensor.name()).matches(),
              StrictMath.pow(plan.optimiser().layerDecay(), above)));
    }
    Training.Optimiser settings = plan.optimiser();
    PulledGradient pulled = new PulledGradient(tensors, plan.proximalMu());
    if (run.anchor().isPresent() && plan.proximalMu() > 0) {
      pulled.anchor(
          model.trained().stream().map(t -> set.whole().offset(t)).toList(), run.anchor().get());
    }
    run.correction().ifPresent(by -> pulled.correct(parts(by)));
    Optimiser made =
        settings.name().equals("sgd")
            ? new Sgd(
                tensors,
                new Sgd.Settings(
                    settings.momentum(), false, settings.weightDecay(), settings.gradientClip()),
                pulled)
            : new AdamW(
                tensors,
                new AdamW.Settings(settings.weightDecay(), settings.gradientClip(), moments()),
                pulled);
    made.dropGradients();
    return made;
  }

  private AdamW.Moments moments() {
    return run.task().type() == StudyPlan.Task.Type.MASKED
        ? AdamW.Moments.MASKED
        : AdamW.Moments.USUAL;
  }

  /** A correction in the layout of what travels, tensor by tensor; empty for what stays. */
  private List<float[]> parts(float[] correction) {
    ParameterLayout shared = model.set().shared();
    Map<String, float[]> travelling = new HashMap<>();
    for (int t = 0; t < shared.tensors().size(); t++) {
      int from = Math.toIntExact(shared.offset(t));
      int to = Math.toIntExact(shared.offset(t + 1));
      travelling.put(shared.tensors().get(t).name(), Arrays.copyOfRange(correction, from, to));
    }
    return model.set().trained().stream()
        .map(name -> travelling.getOrDefault(name, new float[0]))
        .toList();
  }

  private int[] order(int epoch) {
    SplittableRandom random = random(epoch, -1);
    int[] order = new int[objective.count()];
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
