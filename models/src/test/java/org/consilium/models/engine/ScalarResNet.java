package org.consilium.models.engine;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.consilium.models.catalog.ResNetGn;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;

/**
 * The oracle: the residual network written again from its papers with loops over doubles, tensors
 * looked up by name. One image of one channel set at a time.
 */
final class ScalarResNet {
  private final ResNetGn shape;
  private final Map<String, double[]> tensors = new HashMap<>();

  ScalarResNet(ResNetGn shape, ParameterSource parameters) throws IOException {
    this.shape = shape;
    for (int t = 0; t < shape.layout().tensors().size(); t++) {
      TensorSpec tensor = shape.layout().tensors().get(t);
      float[] values = new float[(int) tensor.length()];
      parameters.read(shape.layout().offset(t), values, 0, values.length);
      double[] wide = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        wide[i] = values[i];
      }
      tensors.put(tensor.name(), wide);
    }
  }

  /** A tensor that a test may change. */
  double[] tensor(String name) {
    double[] values = tensors.get(name);
    if (values == null) {
      throw new IllegalArgumentException(name);
    }
    return values;
  }

  /** Feature maps [channels][height][width]. */
  double[] logits(double[][][] image) {
    int stem = shape.stemKernel();
    double[][][] x =
        relu(
            norm(
                conv(image, "conv1.weight", stem, shape.stemStride(), shape.widths().get(0)),
                "bn1"));
    for (int s = 0; s < shape.widths().size(); s++) {
      String name = "layer" + (s + 1) + ".0.";
      int width = shape.widths().get(s);
      int stride = s == 0 ? 1 : 2;
      double[][][] y = relu(norm(conv(x, name + "conv1.weight", 3, stride, width), name + "bn1"));
      y = norm(conv(y, name + "conv2.weight", 3, 1, width), name + "bn2");
      double[][][] aside =
          s == 0
              ? x
              : norm(
                  conv(x, name + "downsample.0.weight", 1, stride, width), name + "downsample.1");
      x = relu(sum(y, aside));
    }
    double[] head = tensor("fc.weight");
    double[] logits = tensor("fc.bias").clone();
    for (int c = 0; c < x.length; c++) {
      double mean = 0;
      for (double[] row : x[c]) {
        for (double value : row) {
          mean += value / (row.length * x[c].length);
        }
      }
      for (int k = 0; k < logits.length; k++) {
        logits[k] += head[k * x.length + c] * mean;
      }
    }
    return logits;
  }

  private double[][][] conv(double[][][] x, String name, int kernel, int stride, int out) {
    double[] weight = tensor(name);
    int in = x.length;
    int margin = kernel / 2;
    int height = (x[0].length + 2 * margin - kernel) / stride + 1;
    int width = (x[0][0].length + 2 * margin - kernel) / stride + 1;
    double[][][] y = new double[out][height][width];
    for (int o = 0; o < out; o++) {
      for (int h = 0; h < height; h++) {
        for (int w = 0; w < width; w++) {
          for (int i = 0; i < in; i++) {
            for (int a = 0; a < kernel; a++) {
              for (int b = 0; b < kernel; b++) {
                int row = h * stride + a - margin;
                int column = w * stride + b - margin;
                if (row >= 0 && row < x[0].length && column >= 0 && column < x[0][0].length) {
                  y[o][h][w] +=
                      weight[((o * in + i) * kernel + a) * kernel + b] * x[i][row][column];
                }
              }
            }
          }
        }
      }
    }
    return y;
  }

  private double[][][] norm(double[][][] x, String name) {
    double[] scale = tensor(name + ".weight");
    double[] shift = tensor(name + ".bias");
    int each = x.length / shape.groups();
    int count = each * x[0].length * x[0][0].length;
    double[][][] y = new double[x.length][x[0].length][x[0][0].length];
    for (int g = 0; g < shape.groups(); g++) {
      double mean = 0;
      double squares = 0;
      for (int c = g * each; c < (g + 1) * each; c++) {
        for (double[] row : x[c]) {
          for (double value : row) {
            mean += value / count;
            squares += value * value / count;
          }
        }
      }
      double deviation = Math.sqrt(squares - mean * mean + 1e-5);
      for (int c = g * each; c < (g + 1) * each; c++) {
        for (int h = 0; h < x[c].length; h++) {
          for (int w = 0; w < x[c][h].length; w++) {
            y[c][h][w] = (x[c][h][w] - mean) / deviation * scale[c] + shift[c];
          }
        }
      }
    }
    return y;
  }

  private static double[][][] relu(double[][][] x) {
    for (double[][] map : x) {
      for (double[] row : map) {
        for (int i = 0; i < row.length; i++) {
          row[i] = Math.max(0, row[i]);
        }
      }
    }
    return x;
  }

  private static double[][][] sum(double[][][] x, double[][][] y) {
    for (int c = 0; c < x.length; c++) {
      for (int h = 0; h < x[c].length; h++) {
        for (int w = 0; w < x[c][h].length; w++) {
          x[c][h][w] += y[c][h][w];
        }
      }
    }
    return x;
  }
}
