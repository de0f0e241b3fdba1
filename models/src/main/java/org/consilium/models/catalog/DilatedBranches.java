package org.consilium.models.catalog;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Folds the training form of UniRepLKNet's blocks into the merged form (X. Ding et al. 2024,
 * section 3.1; the authors' {@code reparameterize}): every batch normalisation becomes a factor and
 * a shift, a kernel with dilation r the same kernel with r - 1 zeros between its taps, and the sum
 * of the branches one kernel. In double precision.
 */
public final class DilatedBranches {
  private DilatedBranches() {}

  /**
   * One tensor's values.
   *
   * @param shape row-major
   * @param values shared with the caller, not copied
   */
  public record Tensor(List<Integer> shape, float[] values) {
    public Tensor {
      shape = List.copyOf(shape);
    }
  }

  /** A parallel branch: kernel edge and distance of its taps. */
  public record Branch(int kernel, int dilation) {
    /** End of the names of its convolution and normalisation. */
    public String suffix() {
      return "_k%d_%d".formatted(kernel, dilation);
    }
  }

  /** A convolution with one kernel a channel and its normalisation, folded. */
  private record Folded(double[] kernels, double[] shifts) {}

  /**
   * The branches beside a kernel of edge {@code kernel}, as the authors have them.
   *
   * @throws IllegalArgumentException if they define none for it
   */
  public static List<Branch> beside(int kernel) {
    return switch (kernel) {
      case 17 -> branches(5, 1, 9, 2, 3, 4, 3, 5, 3, 7);
      case 15 -> branches(5, 1, 7, 2, 3, 3, 3, 5, 3, 7);
      case 13 -> branches(5, 1, 7, 2, 3, 3, 3, 4, 3, 5);
      case 11 -> branches(5, 1, 5, 2, 3, 3, 3, 4, 3, 5);
      case 9 -> branches(5, 1, 5, 2, 3, 3, 3, 4);
      case 7 -> branches(5, 1, 3, 2, 3, 3);
      case 5 -> branches(3, 1, 3, 2);
      default ->
          throw new IllegalArgumentException(
              "no branches are defined beside a kernel of edge %d, only 5 to 17".formatted(kernel));
    };
  }

  /**
   * The merged form of a block or of a whole model; a model that is merged already is returned as
   * it is.
   *
   * @param trained tensors by name; names that begin alike belong to one block
   * @param epsilon added to the variances
   * @throws IllegalArgumentException if a tensor of a block is missing or has another shape
   */
  public static Map<String, Tensor> merge(Map<String, Tensor> trained, double epsilon) {
    Map<String, Tensor> merged = new LinkedHashMap<>();
    String mark = "pwconv2.0.weight";
    trained.keySet().stream()
        .filter(name -> name.endsWith(mark))
        .map(name -> name.substring(0, name.length() - mark.length()))
        .filter(block -> trained.containsKey(block + "pwconv2.2.running_var"))
        .forEach(block -> new Block(trained, block, epsilon).into(merged));
    trained.forEach(
        (name, tensor) -> {
          if (!belongsToTraining(name, merged, trained)) {
            merged.putIfAbsent(name, tensor);
          }
        });
    return merged;
  }

  /** Whether a tensor of a merged block has gone into others. */
  private static boolean belongsToTraining(
      String name, Map<String, Tensor> merged, Map<String, Tensor> trained) {
    return trained.keySet().stream()
        .filter(other -> other.endsWith("pwconv2.2.running_var"))
        .map(other -> other.substring(0, other.length() - "pwconv2.2.running_var".length()))
        .filter(name::startsWith)
        .map(block -> name.substring(block.length()))
        .anyMatch(
            rest ->
                rest.equals("gamma")
                    || rest.equals("act.1.beta")
                    || rest.startsWith("norm.")
                    || rest.startsWith("pwconv2.2.")
                    || (rest.startsWith("dwconv.") && !merged.containsKey(name)));
  }

  private static List<Branch> branches(int... pairs) {
    return java.util.stream.IntStream.range(0, pairs.length / 2)
        .mapToObj(i -> new Branch(pairs[2 * i], pairs[2 * i + 1]))
        .toList();
  }

  /** One block's tensors by the rest of their names. */
  private record Block(Map<String, Tensor> tensors, String name, double epsilon) {
    void into(Map<String, Tensor> merged) {
      String convolution =
          tensors.containsKey(name + "dwconv.lk_origin.weight") ? "dwconv.lk_origin" : "dwconv";
      Tensor kernels = get(convolution + ".weight");
      int channels = kernels.shape().getFirst();
      int edge = kernels.shape().getLast();
      Folded sum =
          convolution.equals("dwconv")
              ? new Folded(widened(kernels), new double[channels])
              : branched(kernels, channels, edge);
      double[] factors = factors("norm", channels);
      double[] shifts = shifts("norm", sum.shifts(), factors);
      for (int i = 0; i < sum.kernels().length; i++) {
        sum.kernels()[i] *= factors[i / (edge * edge)];
      }
      merged.put(name + convolution + ".weight", narrowed(kernels.shape(), sum.kernels()));
      merged.put(name + convolution + ".bias", narrowed(List.of(channels), shifts));
      output(merged, channels);
    }

    private Folded branched(Tensor kernels, int channels, int edge) {
      double[] sum = widened(kernels);
      double[] factors = factors("dwconv.origin_bn", channels);
      double[] shifts = shifts("dwconv.origin_bn", new double[channels], factors);
      for (int i = 0; i < sum.length; i++) {
        sum[i] *= factors[i / (edge * edge)];
      }
      for (Branch branch : beside(edge)) {
        double[] part = widened(get("dwconv.dil_conv" + branch.suffix() + ".weight"));
        String norm = "dwconv.dil_bn" + branch.suffix();
        double[] scale = factors(norm, channels);
        double[] shift = shifts(norm, new double[channels], scale);
        int small = branch.kernel();
        int first = edge / 2 - (branch.dilation() * (small - 1) + 1) / 2;
        for (int i = 0; i < part.length; i++) {
          int channel = i / (small * small);
          int row = first + branch.dilation() * (i / small % small);
          int column = first + branch.dilation() * (i % small);
          sum[(channel * edge + row) * edge + column] += part[i] * scale[channel];
        }
        for (int c = 0; c < channels; c++) {
          shifts[c] += shift[c];
        }
      }
      return new Folded(sum, shifts);
    }

    /** The last linear layer takes in the shift before it, its normalisation and the scale. */
    private void output(Map<String, Tensor> merged, int channels) {
      Tensor matrix = get("pwconv2.0.weight");
      double[] weights = widened(matrix);
      int inputs = weights.length / channels;
      double[] before = new double[channels];
      Optional<Tensor> bias = find("pwconv2.0.bias");
      Optional<Tensor> beta = find("act.1.beta");
      double[] factors = factors("pwconv2.2", channels);
      for (int c = 0; c < channels; c++) {
        int row = c;
        before[c] = bias.map(values -> (double) values.values()[row]).orElse(0.0);
        for (int i = 0; i < inputs; i++) {
          int at = i;
          before[c] += weights[c * inputs + i] * beta.map(t -> (double) t.values()[at]).orElse(0.0);
        }
      }
      double[] shifts = shifts("pwconv2.2", before, factors);
      for (int c = 0; c < channels; c++) {
        int row = c;
        double scale = find("gamma").map(values -> (double) values.values()[row]).orElse(1.0);
        shifts[c] *= scale;
        for (int i = 0; i < inputs; i++) {
          weights[c * inputs + i] *= factors[c] * scale;
        }
      }
      merged.put(name + "pwconv2.0.weight", narrowed(matrix.shape(), weights));
      merged.put(name + "pwconv2.0.bias", narrowed(List.of(channels), shifts));
    }

    private double[] factors(String norm, int channels) {
      float[] scale = get(norm + ".weight").values();
      float[] variance = get(norm + ".running_var").values();
      double[] factors = new double[channels];
      for (int c = 0; c < channels; c++) {
        factors[c] = scale[c] / Math.sqrt(variance[c] + epsilon);
      }
      return factors;
    }

    private double[] shifts(String norm, double[] before, double[] factors) {
      float[] mean = get(norm + ".running_mean").values();
      float[] bias = get(norm + ".bias").values();
      double[] shifts = new double[before.length];
      for (int c = 0; c < shifts.length; c++) {
        shifts[c] = bias[c] + (before[c] - mean[c]) * factors[c];
      }
      return shifts;
    }

    private Tensor get(String rest) {
      return find(rest)
          .orElseThrow(() -> new IllegalArgumentException("merge: there is no " + name + rest));
    }

    private Optional<Tensor> find(String rest) {
      return Optional.ofNullable(tensors.get(name + rest));
    }

    private static double[] widened(Tensor tensor) {
      double[] values = new double[tensor.values().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.values()[i];
      }
      return values;
    }

    private static Tensor narrowed(List<Integer> shape, double[] values) {
      float[] narrow = new float[values.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (float) values[i];
      }
      return new Tensor(shape, narrow);
    }
  }
}
