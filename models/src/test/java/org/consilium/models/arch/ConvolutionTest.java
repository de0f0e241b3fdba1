package org.consilium.models.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.TensorEngine;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The oracle is the sum that defines a convolution, in double precision, and its derivatives. */
final class ConvolutionTest {
  private static final List<Integer> WIDTHS =
      List.of(1, 2, 3, 4, 7, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 56, 64, 80, 96);

  /** Which function is under test. */
  private enum Kind {
    DENSE,
    STRIDED,
    POINT,
    DEPTHWISE,
    DILATED,
    PATCHES,
    DOUBLED,
    TRANSPOSED
  }

  private record Case(Kind kind, Plan plan, int batch, int in, int out, int height, int width) {}

  /** Geometry of the equivalent plain convolution. */
  private record Plan(int kernel, int stride, int margin, int dilation) {
    int places(int edge) {
      return (edge + 2 * margin - dilation * (kernel - 1) - 1) / stride + 1;
    }
  }

  @Test
  void convolutions_ofManyWidths_haveTheDefinitionsValuesAndGradients() throws IOException {
    run(1, 200);
  }

  @Test
  @Tag("slow")
  void convolutions_ofThousandsOfShapes_haveTheDefinitionsValuesAndGradients() throws IOException {
    run(2, 2500);
  }

  private static void run(long seed, int count) throws IOException {
    SplittableRandom seeds = new SplittableRandom(seed);
    try (NDManager manager = TensorEngine.manager(EngineSettings.reproducible())) {
      for (int i = 0; i < count; i++) {
        long caseSeed = seeds.nextLong();
        Case drawn = draw(new SplittableRandom(caseSeed));
        try (NDManager scope = manager.newSubManager()) {
          check(drawn, scope);
        } catch (AssertionError wrong) {
          throw new AssertionError("case %d, seed %dL: %s".formatted(i, caseSeed, drawn), wrong);
        }
      }
    }
  }

  private static Case draw(SplittableRandom random) {
    Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
    int in = WIDTHS.get(random.nextInt(WIDTHS.size()));
    int out = WIDTHS.get(random.nextInt(WIDTHS.size()));
    int odd = 3 + 2 * random.nextInt(2);
    int dilation = random.nextInt(2, 5);
    int patch = 2 * random.nextInt(1, 3);
    boolean depthwise = kind == Kind.DEPTHWISE || kind == Kind.DILATED;
    Plan plan =
        switch (kind) {
          case DENSE, TRANSPOSED -> new Plan(odd, 1, odd / 2, 1);
          case STRIDED -> new Plan(3, 2, 1, 1);
          case POINT -> new Plan(1, 1, 0, 1);
          case DEPTHWISE -> new Plan(13, 1, 6, 1);
          case DILATED -> new Plan(3, 1, dilation, dilation);
          case PATCHES -> new Plan(patch, patch, 0, 1);
          case DOUBLED -> new Plan(2, 2, 0, 1);
        };
    int least = kind == Kind.PATCHES ? patch : 1;
    return new Case(
        kind,
        plan,
        random.nextInt(1, 6),
        in,
        depthwise ? in : out,
        least + random.nextInt(9),
        least + random.nextInt(9));
  }

  private static void check(Case drawn, NDManager scope) {
    SplittableRandom random = new SplittableRandom(5);
    Oracle oracle = Oracle.of(drawn, random);
    int kernel = drawn.plan().kernel();
    boolean turned = oracle.turned();
    Shape weights =
        turned
            ? new Shape(drawn.in(), drawn.out(), kernel, kernel)
            : new Shape(drawn.out(), drawn.in() / oracle.groups(), kernel, kernel);
    NDArray x = scope.create(oracle.image, oracle.imageShape());
    NDArray weight = scope.create(oracle.weight, weights);
    NDArray bias = scope.create(oracle.bias);
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      List.of(x, weight, bias).forEach(each -> each.setRequiresGradient(true));
      NDArray y = ours(drawn, x, weight, bias);
      assertThat(y.getShape()).isEqualTo(oracle.resultShape());
      collector.backward(y.mul(scope.create(oracle.direction, oracle.resultShape())).sum());
      close(y, oracle.result);
      close(x.getGradient(), oracle.imageSlope);
      close(weight.getGradient(), oracle.weightSlope);
      close(bias.getGradient(), oracle.biasSlope);
    }
  }

  private static NDArray ours(Case drawn, NDArray x, NDArray weight, NDArray bias) {
    Plan plan = drawn.plan();
    return switch (drawn.kind()) {
      case DENSE, STRIDED, POINT ->
          Convolution.dense(x, weight, bias, plan.stride(), plan.margin());
      case DEPTHWISE, DILATED -> Convolution.depthwise(x, weight, bias, plan.dilation());
      case PATCHES ->
          Convolution.channelsFirst(Convolution.patches(Convolution.channelsLast(x), weight, bias));
      case DOUBLED -> Convolution.doubled(x, weight, bias);
      case TRANSPOSED -> Convolution.transposed(x, weight, bias, 2);
    };
  }

  private static void close(NDArray ours, double[] expected) {
    double most = 0;
    float[] values = ours.toFloatArray();
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      most = Math.max(most, Math.abs(values[i] - expected[i]));
    }
    assertThat(most).isCloseTo(0, within(1e-3));
  }

  /** Sums over all pairs of pixels that a kernel joins. */
  private static final class Oracle {
    private final Case drawn;
    private float[] image = {};
    private float[] weight = {};
    private float[] bias = {};
    private float[] direction = {};
    private double[] result = {};
    private double[] imageSlope = {};
    private double[] weightSlope = {};
    private double[] biasSlope = {};

    private Oracle(Case drawn) {
      this.drawn = drawn;
    }

    static Oracle of(Case drawn, SplittableRandom random) {
      Oracle oracle = new Oracle(drawn);
      int kernel = drawn.plan().kernel();
      oracle.image = values(random, oracle.imageShape().size());
      oracle.direction = values(random, oracle.resultShape().size());
      oracle.weight =
          values(random, (long) drawn.out() * drawn.in() / oracle.groups() * kernel * kernel);
      oracle.bias = values(random, drawn.out());
      oracle.result = new double[oracle.direction.length];
      oracle.imageSlope = new double[oracle.image.length];
      oracle.weightSlope = new double[oracle.weight.length];
      oracle.biasSlope = new double[oracle.bias.length];
      oracle.sum();
      return oracle;
    }

    boolean turned() {
      return drawn.kind() == Kind.DOUBLED || drawn.kind() == Kind.TRANSPOSED;
    }

    int groups() {
      boolean one = drawn.kind() == Kind.DEPTHWISE || drawn.kind() == Kind.DILATED;
      return one ? drawn.in() : 1;
    }

    Shape imageShape() {
      return new Shape(drawn.batch(), drawn.in(), drawn.height(), drawn.width());
    }

    Shape resultShape() {
      Plan plan = drawn.plan();
      return turned()
          ? new Shape(drawn.batch(), drawn.out(), 2L * drawn.height(), 2L * drawn.width())
          : new Shape(
              drawn.batch(), drawn.out(), plan.places(drawn.height()), plan.places(drawn.width()));
    }

    private void sum() {
      int rows = (int) resultShape().get(2);
      int columns = (int) resultShape().get(3);
      for (int n = 0; n < drawn.batch(); n++) {
        for (int c = 0; c < drawn.out(); c++) {
          for (int at = 0; at < rows * columns; at++) {
            int y = (n * drawn.out() + c) * rows * columns + at;
            result[y] += bias[c];
            biasSlope[c] += direction[y];
          }
        }
        for (int c = 0; c < drawn.out(); c++) {
          for (int q = 0; q < drawn.in() / groups(); q++) {
            pair(n, c, q);
          }
        }
      }
    }

    /** One channel of one image on one channel of the result. */
    private void pair(int n, int c, int q) {
      Plan plan = drawn.plan();
      int kernel = plan.kernel();
      // A transposed convolution joins the same pixels as a plain one that runs backwards.
      int stride = turned() ? 2 : plan.stride();
      int big = (int) (turned() ? resultShape() : imageShape()).get(2);
      int bigColumns = (int) (turned() ? resultShape() : imageShape()).get(3);
      int small = (int) (turned() ? imageShape() : resultShape()).get(2);
      int smallColumns = (int) (turned() ? imageShape() : resultShape()).get(3);
      int channel = groups() == 1 ? q : c;
      int first = turned() ? q * drawn.out() + c : c * (drawn.in() / groups()) + q;
      for (int i = 0; i < small * smallColumns; i++) {
        for (int tap = 0; tap < kernel * kernel; tap++) {
          int row = i / smallColumns * stride - plan.margin() + tap / kernel * plan.dilation();
          int column = i % smallColumns * stride - plan.margin() + tap % kernel * plan.dilation();
          if (row < 0 || row >= big || column < 0 || column >= bigColumns) {
            continue;
          }
          int large = row * bigColumns + column;
          int x = (n * drawn.in() + channel) * (turned() ? small * smallColumns : big * bigColumns);
          int y = (n * drawn.out() + c) * (turned() ? big * bigColumns : small * smallColumns);
          join(
              x + (turned() ? i : large),
              first * kernel * kernel + tap,
              y + (turned() ? large : i));
        }
      }
    }

    private void join(int x, int w, int y) {
      result[y] += (double) image[x] * weight[w];
      imageSlope[x] += (double) direction[y] * weight[w];
      weightSlope[w] += (double) direction[y] * image[x];
    }

    private static float[] values(SplittableRandom random, long count) {
      float[] values = new float[(int) count];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      return values;
    }
  }
}
