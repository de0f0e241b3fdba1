package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.arch.Encoder;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Trace;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.params.Finite;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;

/**
 * A model in the engine's memory: loads parameters, trains, predicts, and gives its parameters out
 * again, block by block from native memory. New models are zero until {@link #load}. Not for use by
 * two threads at once. Close it: its memory is not the collector's.
 *
 * <p>Results are a function of (parameters, images, plan, round, seed): the same bits again on the
 * same kind of CPU with one engine thread. On CUDA this was not run, and is not promised.
 */
public final class LocalModel implements ParameterSource, AutoCloseable {
  /**
   * Images that go through the network at once on a CPU: enough to spread the cost of each
   * operation's start, and not much more, for the activations' sake.
   */
  private static final int CPU_BATCH = 32;

  /** The same on a device. */
  private static final int DEVICE_BATCH = 256;

  private static final int COPY_BLOCK = 1 << 16;

  /** The engine records gradients for one caller in a process (a static flag of its collector). */
  private static final Object TRAINING = new Object();

  private final TrainedSet set;
  private final NDManager manager;
  private final Network network;
  private final List<NDArray> parameters = new ArrayList<>();
  private final Map<String, Integer> places = new HashMap<>();
  private final Weights weights;
  private final List<TensorStorage> storages = new ArrayList<>();
  private final boolean host;
  private List<EngineSettings> further = List.of();
  private Optional<EmbeddingFile> kept = Optional.empty();
  private Optional<Progress> progress = Optional.empty();

  private LocalModel(TrainedSet set, NDManager manager, boolean host) {
    this.set = set;
    this.manager = manager;
    this.host = host;
    this.network = Network.of(set.architecture(), manager);
    Map<String, NDArray> named = new HashMap<>();
    for (TensorSpec tensor : set.whole().tensors()) {
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      NDArray parameter = manager.zeros(new Shape(shape));
      places.put(tensor.name(), parameters.size());
      parameters.add(parameter);
      named.put(tensor.name(), parameter);
      storages.add(storage(parameter));
    }
    this.weights = Weights.of(named, set.adapterScale());
  }

  /**
   * A model of the catalogue, all parameters zero.
   *
   * @throws IllegalArgumentException if the catalogue has no such model or it cannot be trained
   * @throws EngineUnavailable if the engine or the device is not there
   */
  public static LocalModel open(ModelSpec spec, EngineSettings settings) throws EngineUnavailable {
    return open(TrainedSet.of(Catalogue.require(spec), StudyPlan.Tuning.FULL), settings);
  }

  /**
   * A model with the adapters of {@code set}, all parameters zero; {@link #train} moves its trained
   * tensors alone.
   *
   * @throws IllegalArgumentException if the architecture cannot be trained
   * @throws EngineUnavailable if the engine or the device is not there
   */
  public static LocalModel open(TrainedSet set, EngineSettings settings) throws EngineUnavailable {
    return open(set, settings, false);
  }

  /** {@code copying} takes the way of device memory on the CPU too. */
  static LocalModel open(TrainedSet set, EngineSettings settings, boolean copying)
      throws EngineUnavailable {
    List<EngineSettings> devices = settings.each();
    NDManager manager = TensorEngine.manager(devices.getFirst());
    boolean host = !manager.getDevice().isGpu() && !copying;
    try {
      LocalModel model = new LocalModel(set, manager, host);
      model.trainAlsoOn(devices.subList(1, devices.size()));
      return model;
    } catch (RuntimeException unfit) {
      manager.close();
      throw unfit;
    }
  }

  /** Deals the parts of every training step out among this device and further ones. */
  void trainAlsoOn(List<EngineSettings> devices) {
    further = List.copyOf(devices);
  }

  /** What this model is. */
  public Architecture architecture() {
    return set.architecture();
  }

  /** Which of its parameters are trained, and which travel. */
  public TrainedSet set() {
    return set;
  }

  /** {@code cpu} or {@code cuda:N}. */
  public String device() {
    return manager.getDevice().isGpu() ? "cuda:" + manager.getDevice().getDeviceId() : "cpu";
  }

  /** All parameters: the architecture's, then the adapters'. */
  @Override
  public ParameterLayout layout() {
    return set.whole();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) {
    layout()
        .pieces(
            offset,
            length,
            (tensor, within, done, some) ->
                storages.get(tensor).read(within, into, at + done, some));
  }

  /**
   * Takes the parameters that {@code source} has: all of them, or some.
   *
   * @throws IllegalArgumentException if it has a tensor that the model has not, or in another
   *     shape, or a value that is no number
   * @throws IOException if it cannot be read
   */
  public void load(ParameterSource source) throws IOException {
    List<TensorSpec> tensors = source.layout().tensors();
    for (TensorSpec tensor : tensors) {
      Integer place = places.get(tensor.name());
      if (place == null || !layout().tensors().get(place).equals(tensor)) {
        throw new IllegalArgumentException(
            "load parameters: the model has %s, the source has %s with other names or shapes"
                .formatted(layout(), source.layout()));
      }
    }
    float[] block = new float[COPY_BLOCK];
    for (int t = 0; t < tensors.size(); t++) {
      TensorStorage storage = storages.get(places.getOrDefault(tensors.get(t).name(), 0));
      long length = tensors.get(t).length();
      for (long from = 0; from < length; from += COPY_BLOCK) {
        int some = (int) Math.min(COPY_BLOCK, length - from);
        source.read(source.layout().offset(t) + from, block, 0, some);
        Finite.require(block, some, tensors.get(t), from, "load parameters");
        storage.write(from, block, 0, some);
      }
    }
  }

  /**
   * Takes the values that a study starts from: those of the foundation's file, else the seed's.
   *
   * @throws IllegalArgumentException if the file does not fit; names the tensors
   */
  public void start(Optional<Path> foundation, long seed) throws IOException {
    if (foundation.isEmpty()) {
      load(Start.seeded(set(), seed));
      return;
    }
    try (SafetensorsFile file = SafetensorsFile.open(foundation.get())) {
      load(Start.from(file, set(), seed));
    }
  }

  /**
   * Logits of all images, row-major: [count, classes], or [count, classes, height, width] of a
   * network that judges pixels.
   *
   * @throws IllegalArgumentException if the images have another shape than the model's input
   * @throws EngineUnavailable if one image alone does not fit into the device's memory
   */
  public double[] predict(ImageSet images, Preprocessing preprocessing) throws EngineUnavailable {
    Inputs.requireShape(images, architecture().spec());
    return new Inference(this).logits(images, preprocessing, outputs());
  }

  /**
   * One round's training from the parameters held now, which are also FedProx's anchor. Waits while
   * another model of this process trains.
   *
   * @throws IllegalArgumentException if images or labels do not fit the model
   * @throws EngineUnavailable if one image alone does not fit into the device's memory
   * @throws IOException if the run's anchor cannot be read
   */
  public TrainingOutcome train(ImageSet images, TrainingRun run) throws IOException {
    Inputs.requireLabelled(images, architecture().spec());
    return train(model -> model.objective(images, run), run);
  }

  /**
   * The same for a class a pixel.
   *
   * @throws IllegalArgumentException if images or masks do not fit the model
   */
  public TrainingOutcome train(LabelledMasks cases, TrainingRun run) throws IOException {
    Inputs.requireSome(cases.images(), architecture().spec());
    int classes = architecture().spec().classes();
    if (network instanceof Encoder || cases.classes() != Math.max(2, classes)) {
      throw new IllegalArgumentException(
          "train: %s of %d output(s) does not fit masks of %d classes"
              .formatted(architecture().spec().architecture(), classes, cases.classes()));
    }
    return train(model -> new SegmentationObjective(model, cases, run), run);
  }

  /**
   * The same for several findings an image. A finding that no image here knows leaves its part of
   * the head as it was.
   *
   * @throws IllegalArgumentException if images or findings do not fit the model
   */
  public TrainingOutcome train(LabelledFindings cases, TrainingRun run) throws IOException {
    Inputs.requireSome(cases.images(), architecture().spec());
    int classes = architecture().spec().classes();
    if (!(network instanceof Encoder) || cases.findings() != classes) {
      throw new IllegalArgumentException(
          "train: %s of %d output(s) does not fit %d findings"
              .formatted(architecture().spec().architecture(), classes, cases.findings()));
    }
    try (HeadRows rows = HeadRows.unknownIn(cases, this, run)) {
      TrainingOutcome outcome = train(model -> new FindingsObjective(model, cases, run), run);
      rows.restore();
      return outcome;
    }
  }

  /**
   * How badly a masked autoencoder draws each image's hidden patches, with masks from {@code seed}.
   *
   * @return one loss an image
   * @throws IllegalArgumentException if the model is no masked autoencoder
   */
  public double[] drawingLosses(ImageSet images, Preprocessing preprocessing, long seed) {
    Inputs.requireShape(images, architecture().spec());
    return MaskedDrawing.of(this).losses(images, preprocessing, seed);
  }

  TrainingOutcome train(Objective.Making making, TrainingRun run) throws IOException {
    synchronized (TRAINING) {
      Objective objective = making.on(this);
      // Examples that are compared with one another cannot be dealt out; a head is not worth it.
      boolean dealt = objective.divisible() && !set.headOnly();
      List<EngineSettings> others = dealt ? further : List.of();
      try (Replicas replicas = Replicas.of(this, others, making);
          Trainer trainer = new Trainer(this, objective, run, replicas)) {
        return trainer.run();
      }
    }
  }

  Weights weights() {
    return weights;
  }

  Network network() {
    return network;
  }

  Objective objective(ImageSet images, TrainingRun run) throws IOException {
    return Objective.of(this, images, run);
  }

  /**
   * Embeddings of all images, [count, width] row-major: what the head sees.
   *
   * @throws IllegalArgumentException if the architecture has no embedding, or the images another
   *     shape
   * @throws EngineUnavailable if one image alone does not fit into the device's memory
   */
  public float[] embed(ImageSet images, Preprocessing preprocessing) throws EngineUnavailable {
    if (!(network instanceof Encoder encoder)) {
      throw new IllegalArgumentException(
          "embed: %s judges pixels".formatted(architecture().spec().architecture()));
    }
    Inputs.requireShape(images, architecture().spec());
    return new Inference(this)
        .run(images, preprocessing, input -> encoder.embed(input, weights, Trace.NONE));
  }

  /**
   * Has a linear probe keep its embeddings in {@code file}, where the next training on the same
   * images finds them.
   */
  public void keepEmbeddings(Path file) {
    kept = Optional.of(new EmbeddingFile(file));
  }

  /**
   * Has every training keep its progress, and go on from there when it is the same training:
   * settings, seed, round and starting values.
   */
  public void keepProgress(Progress in) {
    progress = Optional.of(in);
  }

  Optional<Progress> progress() {
    return progress;
  }

  float[] embeddings(ImageSet images, Preprocessing preprocessing) throws IOException {
    return kept.isPresent()
        ? kept.get().of(this, images, preprocessing)
        : embed(images, preprocessing);
  }

  /** Logits of embeddings. */
  NDArray head(NDArray embedding) {
    return ((Encoder) network).head(embedding, weights);
  }

  /** Frees the native memory. The model and every view of it are dead. */
  @Override
  public void close() {
    manager.close();
  }

  NDManager manager() {
    return manager;
  }

  /** What the network says of a normalised batch. */
  NDArray logits(NDArray images) {
    return network.logits(images, weights, Trace.NONE);
  }

  List<NDArray> parameters() {
    return parameters;
  }

  /** The trained ones of {@link #parameters}, by their places. */
  List<Integer> trained() {
    return set.trained().stream().map(name -> places.getOrDefault(name, -1)).toList();
  }

  TensorStorage storage(int tensor) {
    return storages.get(tensor);
  }

  TensorStorage storage(NDArray tensor) {
    return host ? TensorStorage.host(tensor) : TensorStorage.device(tensor);
  }

  /** Batches of at most {@code wanted} images. */
  MicroBatch microBatch(int wanted) {
    int most = manager.getDevice().isGpu() ? DEVICE_BATCH : CPU_BATCH;
    return new MicroBatch(Math.clamp(wanted, 1, most));
  }

  NDArray batch(NDManager scope, float[] values, int count) {
    ModelSpec spec = architecture().spec();
    return scope.create(values, new Shape(count, spec.channels(), spec.height(), spec.width()));
  }

  /** Values that the network says of one image. */
  private int outputs() {
    ModelSpec spec = architecture().spec();
    return network instanceof Encoder
        ? spec.classes()
        : Math.multiplyExact(spec.classes(), spec.height() * spec.width());
  }
}
