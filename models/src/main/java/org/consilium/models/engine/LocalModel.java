package org.consilium.models.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Trace;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;

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

  private final Architecture architecture;
  private final NDManager manager;
  private final Network network;
  private final List<NDArray> parameters = new ArrayList<>();
  private final Map<String, NDArray> named = new HashMap<>();
  private final Weights weights = Weights.of(named);
  private final List<TensorStorage> storages = new ArrayList<>();
  private final boolean host;

  private LocalModel(Architecture architecture, NDManager manager, boolean host) {
    this.architecture = architecture;
    this.manager = manager;
    this.host = host;
    this.network = Network.of(architecture, manager);
    for (TensorSpec tensor : architecture.layout().tensors()) {
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      NDArray parameter = manager.zeros(new Shape(shape));
      parameters.add(parameter);
      named.put(tensor.name(), parameter);
      storages.add(storage(parameter));
    }
  }

  /**
   * A model of the catalogue, all parameters zero.
   *
   * @throws IllegalArgumentException if the catalogue has no such model or it cannot be trained
   * @throws EngineUnavailable if the engine or the device is not there
   */
  public static LocalModel open(ModelSpec spec, EngineSettings settings) throws EngineUnavailable {
    return open(spec, settings, false);
  }

  /** {@code copying} takes the way of device memory on the CPU too. */
  static LocalModel open(ModelSpec spec, EngineSettings settings, boolean copying)
      throws EngineUnavailable {
    Architecture architecture = Catalogue.require(spec);
    Engine engine = EngineStart.start(settings.threads());
    NDManager manager = engine.newBaseManager(EngineStart.device(engine, settings.device()));
    boolean host = !manager.getDevice().isGpu() && !copying;
    return new LocalModel(architecture, manager, host);
  }

  /** What this model is. */
  public Architecture architecture() {
    return architecture;
  }

  /** {@code cpu} or {@code cuda:N}. */
  public String device() {
    return manager.getDevice().isGpu() ? "cuda:" + manager.getDevice().getDeviceId() : "cpu";
  }

  @Override
  public ParameterLayout layout() {
    return architecture.layout();
  }

  @Override
  public void read(long offset, float[] into, int at, int length) {
    Objects.checkFromIndexSize(offset, length, layout().length());
    int done = 0;
    while (done < length) {
      int tensor = layout().tensorAt(offset + done);
      long within = offset + done - layout().offset(tensor);
      int some = (int) Math.min(length - done, layout().tensors().get(tensor).length() - within);
      storages.get(tensor).read(within, into, at + done, some);
      done += some;
    }
  }

  /**
   * Takes all parameters from {@code source}.
   *
   * @throws IllegalArgumentException if its layout is another
   * @throws IOException if it cannot be read
   */
  public void load(ParameterSource source) throws IOException {
    if (!source.layout().equals(layout())) {
      throw new IllegalArgumentException(
          "load parameters: the model has %s, the source has %s with other names or shapes"
              .formatted(layout(), source.layout()));
    }
    float[] block = new float[COPY_BLOCK];
    for (int t = 0; t < storages.size(); t++) {
      long length = layout().tensors().get(t).length();
      for (long from = 0; from < length; from += COPY_BLOCK) {
        int some = (int) Math.min(COPY_BLOCK, length - from);
        source.read(layout().offset(t) + from, block, 0, some);
        storages.get(t).write(from, block, 0, some);
      }
    }
  }

  /**
   * Logits of all images, [count, classes] row-major.
   *
   * @throws IllegalArgumentException if the images have another shape than the model's input
   * @throws EngineUnavailable if one image alone does not fit into the device's memory
   */
  public double[] predict(ImageSet images, Preprocessing preprocessing) throws EngineUnavailable {
    requireShape(images);
    int classes = architecture.spec().classes();
    double[] logits = new double[images.count() * classes];
    MicroBatch batch = microBatch(images.count());
    int done = 0;
    while (done < images.count()) {
      int from = done;
      int some = Math.min(batch.size(), images.count() - from);
      if (batch.fits(() -> predict(images, preprocessing, from, some, logits))) {
        done += some;
      }
    }
    return logits;
  }

  /**
   * One round's training from the parameters held now, which are also FedProx's anchor. Waits while
   * another model of this process trains.
   *
   * @throws IllegalArgumentException if images or labels do not fit the model
   * @throws EngineUnavailable if one image alone does not fit into the device's memory
   */
  public TrainingOutcome train(ImageSet images, TrainingRun run) throws EngineUnavailable {
    requireShape(images);
    int classes = Math.max(2, architecture.spec().classes());
    for (int i = 0; i < images.count(); i++) {
      if (images.label(i) >= classes) {
        throw new IllegalArgumentException(
            "train: labels must be below %d, image %d has %d"
                .formatted(classes, i, images.label(i)));
      }
    }
    if (images.count() == 0) {
      throw new IllegalArgumentException("train: no images");
    }
    synchronized (TRAINING) {
      try (Trainer trainer = new Trainer(this, images, run)) {
        return trainer.run();
      }
    }
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
    ModelSpec spec = architecture.spec();
    return scope.create(values, new Shape(count, spec.channels(), spec.height(), spec.width()));
  }

  private void predict(
      ImageSet images, Preprocessing preprocessing, int from, int count, double[] logits) {
    int length = images.imageLength();
    float[] values = new float[count * length];
    for (int i = 0; i < count; i++) {
      Preprocessing.grey(images, from + i, values, i * length);
      preprocessing.normalise(values, i * length, length);
    }
    try (NDManager scope = manager.newSubManager()) {
      float[] some =
          network.logits(batch(scope, values, count), weights, Trace.NONE).toFloatArray();
      int at = from * architecture.spec().classes();
      for (int i = 0; i < some.length; i++) {
        logits[at + i] = some[i];
      }
    }
  }

  private void requireShape(ImageSet images) {
    ModelSpec spec = architecture.spec();
    if (images.channels() != spec.channels()
        || images.height() != spec.height()
        || images.width() != spec.width()) {
      throw new IllegalArgumentException(
          "model takes images of %dx%dx%d, got %dx%dx%d"
              .formatted(
                  spec.channels(),
                  spec.height(),
                  spec.width(),
                  images.channels(),
                  images.height(),
                  images.width()));
    }
  }
}
