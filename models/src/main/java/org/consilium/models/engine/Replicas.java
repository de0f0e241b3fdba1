package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The same model on further devices: the parts of a step are dealt out among the first model and
 * these, and their gradients are added up on the first, which alone takes the step. One thread
 * hands the parts out and waits for each part's outputs, so that one part's backward pass overlaps
 * the next one's forward; every step moves the gradients and the trained parameters through this
 * process's heap. It pays where a part's passes take longer than that. Meant for several CUDA
 * devices in one machine; so far it has run on the CPU only, where nothing overlaps.
 */
final class Replicas implements AutoCloseable {
  private static final int BLOCK = 1 << 16;

  private final List<Lane> lanes = new ArrayList<>();

  /** A model with its own objective and the gradients of its trained tensors. */
  private record Lane(LocalModel model, Objective objective, List<TensorStorage> gradients) {}

  private Replicas() {}

  /** None: everything happens on the first device. */
  static Replicas none() {
    return new Replicas();
  }

  /** One for each of {@code devices}, with the parameters of {@code first}. */
  static Replicas of(LocalModel first, List<EngineSettings> devices, Objective.Making making)
      throws IOException {
    Replicas replicas = new Replicas();
    try {
      for (EngineSettings device : devices) {
        replicas.lanes.add(lane(first, device, making));
      }
      return replicas;
    } catch (IOException | RuntimeException failure) {
      replicas.close();
      throw failure;
    }
  }

  private static Lane lane(LocalModel first, EngineSettings device, Objective.Making making)
      throws IOException {
    LocalModel model = LocalModel.open(first.set(), device);
    try {
      model.load(first);
      return new Lane(model, making.on(model), new ArrayList<>());
    } catch (IOException | RuntimeException failure) {
      model.close();
      throw failure;
    }
  }

  int count() {
    return lanes.size();
  }

  LocalModel model(int lane) {
    return lanes.get(lane).model;
  }

  Objective objective(int lane) {
    return lanes.get(lane).objective;
  }

  /** Makes the gradients exist. */
  void record(GradientCollector collector) {
    for (Lane lane : lanes) {
      List<NDArray> parameters = lane.model.parameters();
      lane.model.trained().forEach(t -> parameters.get(t).setRequiresGradient(true));
      try (NDManager scope = lane.model.manager().newSubManager()) {
        NDArray output = lane.objective.blank(scope);
        collector.backward(output.mul(scope.zeros(output.getShape())).sum());
      }
      for (int t : lane.model.trained()) {
        lane.gradients.add(lane.model.storage(parameters.get(t).getGradient()));
      }
    }
  }

  /** Adds the gradients to those of the first model, and forgets them here. */
  void gather(List<Optimiser.Trained> first) {
    float[] there = new float[BLOCK];
    float[] here = new float[BLOCK];
    for (Lane lane : lanes) {
      for (int t = 0; t < first.size(); t++) {
        int length = first.get(t).length();
        for (int from = 0; from < length; from += BLOCK) {
          int some = Math.min(BLOCK, length - from);
          lane.gradients.get(t).read(from, there, 0, some);
          first.get(t).gradient().read(from, here, 0, some);
          for (int i = 0; i < some; i++) {
            here[i] += there[i];
          }
          first.get(t).gradient().write(from, here, 0, some);
        }
      }
    }
    drop(first);
  }

  /** Forgets the gradients. */
  void drop(List<Optimiser.Trained> first) {
    float[] zeros = new float[BLOCK];
    for (Lane lane : lanes) {
      for (int t = 0; t < first.size(); t++) {
        int length = first.get(t).length();
        for (int from = 0; from < length; from += BLOCK) {
          lane.gradients.get(t).write(from, zeros, 0, Math.min(BLOCK, length - from));
        }
      }
    }
  }

  /** Takes the first model's trained parameters over. */
  void follow(List<Optimiser.Trained> first) {
    float[] block = new float[BLOCK];
    for (Lane lane : lanes) {
      List<Integer> trained = lane.model.trained();
      for (int t = 0; t < first.size(); t++) {
        TensorStorage to = lane.model.storage(trained.get(t));
        int length = first.get(t).length();
        for (int from = 0; from < length; from += BLOCK) {
          int some = Math.min(BLOCK, length - from);
          first.get(t).weights().read(from, block, 0, some);
          to.write(from, block, 0, some);
        }
      }
    }
  }

  @Override
  public void close() {
    lanes.forEach(lane -> lane.model.close());
    lanes.clear();
  }
}
