package org.consilium.models.task;

import java.util.function.IntToDoubleFunction;

/**
 * Losses that pull pairs of unit vectors together and everything else in the batch apart: CLIP's
 * (A. Radford et al. 2021), SigLIP's (X. Zhai et al. 2023) and SimCLR's NT-Xent (T. Chen et al.
 * 2020). In double precision outside the engine; gradients are by the normalised vectors.
 */
public final class ContrastiveLoss {
  private ContrastiveLoss() {}

  /**
   * A batch of paired vectors.
   *
   * @param first [rows, width], unit rows; read, not kept
   * @param second the same; row i belongs to row i
   */
  public record Pairs(double[] first, double[] second, int rows) {
    public Pairs {
      if (rows < 1 || first.length != second.length || first.length % rows != 0) {
        throw new IllegalArgumentException(
            "contrastive loss: two sets of %d equal rows expected, got %d and %d values"
                .formatted(rows, first.length, second.length));
      }
    }

    int width() {
      return first.length / rows;
    }
  }

  /**
   * A loss and its derivatives.
   *
   * @param first by the first set's values
   * @param second by the second set's
   * @param scale by the multiplier of the similarities
   */
  public record Slopes(double loss, double[] first, double[] second, double scale) {}

  /**
   * (cross-entropy by rows + cross-entropy by columns) / 2 of scale · first · secondᵀ.
   *
   * @param scale the multiplier itself, not its logarithm
   */
  public static Slopes clip(Pairs pairs, double scale) {
    return clip(pairs, scale, (row, other) -> row == other ? 1 : 0);
  }

  /**
   * The same with soft targets: several of the batch may be right to some degree.
   *
   * @param targets [rows, rows], row i says how right each one is for i; rows sum to 1
   */
  public static Slopes clip(Pairs pairs, double scale, double[] targets) {
    int n = pairs.rows();
    if (targets.length != n * n) {
      throw new IllegalArgumentException(
          "contrastive loss: %d rows need %d targets, got %d".formatted(n, n * n, targets.length));
    }
    return clip(pairs, scale, (row, other) -> targets[row * n + other]);
  }

  /** How right {@code other} is for {@code row}. */
  private interface Targets {
    double of(int row, int other);
  }

  private static Slopes clip(Pairs pairs, double scale, Targets targets) {
    int n = pairs.rows();
    double[] similar = products(pairs.first(), pairs.second(), n, pairs.width());
    double[] slope = new double[n * n];
    double loss = 0;
    for (int i = 0; i < n; i++) {
      int row = i;
      IntToDoubleFunction target = other -> targets.of(row, other);
      loss += line(similar, new Line(i * n, 1, n), target, scale, slope);
      loss += line(similar, new Line(i, n, n), target, scale, slope);
    }
    double share = 1.0 / (2 * n);
    double byScale = 0;
    for (int k = 0; k < n * n; k++) {
      slope[k] *= share;
      byScale += slope[k] * similar[k];
    }
    double[] first = new double[pairs.first().length];
    double[] second = new double[first.length];
    spread(pairs, slope, scale, first, second);
    return new Slopes(loss * share, first, second, byScale);
  }

  /** Mean over rows of −Σ log σ(±(scale · similarity + bias)), + on the diagonal alone. */
  public static double sigmoid(Pairs pairs, double scale, double bias) {
    int n = pairs.rows();
    double[] similar = products(pairs.first(), pairs.second(), n, pairs.width());
    double sum = 0;
    for (int k = 0; k < n * n; k++) {
      double logit = scale * similar[k] + bias;
      double towards = k % (n + 1) == 0 ? logit : -logit;
      sum += Math.max(-towards, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(towards)));
    }
    return sum / n;
  }

  /**
   * Two views of each image: every one of the 2 · rows vectors must find its other view among all
   * the others. The scale's derivative is by 1 / temperature.
   */
  public static Slopes twoViews(Pairs pairs, double temperature) {
    int n = pairs.rows();
    int all = 2 * n;
    int width = pairs.width();
    double[] views = new double[all * width];
    System.arraycopy(pairs.first(), 0, views, 0, n * width);
    System.arraycopy(pairs.second(), 0, views, n * width, n * width);
    double[] similar = products(views, views, all, width);
    for (int i = 0; i < all; i++) {
      similar[i * all + i] = Double.NEGATIVE_INFINITY;
    }
    double scale = 1 / temperature;
    double[] slope = new double[all * all];
    double loss = 0;
    for (int i = 0; i < all; i++) {
      int other = (i + n) % all;
      IntToDoubleFunction target = k -> k == other ? 1 : 0;
      loss += line(similar, new Line(i * all, 1, all), target, scale, slope);
    }
    double byScale = 0;
    for (int k = 0; k < all * all; k++) {
      slope[k] /= all;
      byScale += k % (all + 1) == 0 ? 0 : slope[k] * similar[k];
    }
    double[] gradient = new double[all * width];
    spread(new Pairs(views, views, all), slope, scale, gradient, gradient);
    double[] first = java.util.Arrays.copyOf(gradient, n * width);
    double[] second = java.util.Arrays.copyOfRange(gradient, n * width, all * width);
    return new Slopes(loss / all, first, second, byScale);
  }

  /** The places at, at + step, .. of a matrix. */
  private record Line(int at, int step, int length) {}

  /** Cross-entropy of one line of logits; adds softmax − target to the slope. */
  private static double line(
      double[] similar, Line line, IntToDoubleFunction target, double scale, double[] slope) {
    double top = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < line.length(); k++) {
      top = Math.max(top, scale * similar[line.at() + k * line.step()]);
    }
    double total = 0;
    for (int k = 0; k < line.length(); k++) {
      total += StrictMath.exp(scale * similar[line.at() + k * line.step()] - top);
    }
    double reached = 0;
    double wanted = 0;
    for (int k = 0; k < line.length(); k++) {
      int place = line.at() + k * line.step();
      double share = StrictMath.exp(scale * similar[place] - top) / total;
      double right = target.applyAsDouble(k);
      slope[place] += share - right;
      // A vector's similarity with itself is −∞ and never right: 0 · −∞ must not be asked for.
      reached += right == 0 ? 0 : right * scale * similar[place];
      wanted += right;
    }
    return wanted * (StrictMath.log(total) + top) - reached;
  }

  private static double[] products(double[] first, double[] second, int rows, int width) {
    double[] products = new double[rows * rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < rows; j++) {
        double sum = 0;
        for (int d = 0; d < width; d++) {
          sum += first[i * width + d] * second[j * width + d];
        }
        products[i * rows + j] = sum;
      }
    }
    return products;
  }

  /** Adds scale · slope · second to {@code first}, and scale · slopeᵀ · first to {@code second}. */
  private static void spread(
      Pairs pairs, double[] slope, double scale, double[] first, double[] second) {
    int n = pairs.rows();
    int width = pairs.width();
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double weight = scale * slope[i * n + j];
        for (int d = 0; d < width; d++) {
          first[i * width + d] += weight * pairs.second()[j * width + d];
          second[j * width + d] += weight * pairs.first()[i * width + d];
        }
      }
    }
  }
}
