package org.consilium.models.data;

import java.util.SplittableRandom;

/** What a scanner does to an image: shading, contrast curve, blur, noise, resolution. */
final class Appearance {
  private static final int SIDE = CaseCanvas.SIDE;
  private static final float FULL_SCALE = 255;
  private static final int CURVE_STEPS = 4_096;
  private static final int QUANTILE_BITS = 12;

  /** Normal quantiles at the middles of 4096 equal parts; the tail ends at ±3.7 σ. */
  private static final float[] QUANTILES = quantiles();

  private final SiteKnobs knobs;
  private final float[] curve;
  private final float[] kernel;
  private final float[] scratch = new float[SIDE * SIDE];

  Appearance(SiteKnobs knobs) {
    this.knobs = knobs;
    this.curve = curve(knobs.gamma());
    this.kernel = kernel(knobs.blurMm());
  }

  /** Changes grey values in place; results stay in 0-255. */
  void apply(float[] grey, SplittableRandom random) {
    double[] field = new double[5];
    double size = 0;
    for (int i = 0; i < field.length; i++) {
      field[i] = random.nextDouble(-1, 1);
      size += Math.abs(field[i]);
    }
    if (knobs.bias() > 0) {
      shade(grey, field, knobs.bias() / size);
    }
    if (knobs.gamma() != 1) {
      for (int i = 0; i < grey.length; i++) {
        float place = Math.clamp(grey[i], 0f, FULL_SCALE) / FULL_SCALE * CURVE_STEPS;
        int step = Math.min((int) place, CURVE_STEPS - 1);
        grey[i] = curve[step] + (curve[step + 1] - curve[step]) * (place - step);
      }
    }
    if (knobs.blurMm() > 0) {
      blur(grey);
    }
    if (knobs.noise() > 0) {
      addNoise(grey, (float) (knobs.noise() * FULL_SCALE), random);
    }
    for (int i = 0; i < grey.length; i++) {
      grey[i] = Math.min(grey[i], FULL_SCALE);
    }
  }

  private static void shade(float[] grey, double[] field, double amplitude) {
    for (int y = 0; y < SIDE; y++) {
      double v = 2.0 * y / (SIDE - 1) - 1;
      for (int x = 0; x < SIDE; x++) {
        double u = 2.0 * x / (SIDE - 1) - 1;
        double p =
            field[0] * u + field[1] * v + field[2] * u * u + field[3] * u * v + field[4] * v * v;
        grey[y * SIDE + x] *= (float) (1 + amplitude * p);
      }
    }
  }

  private void blur(float[] grey) {
    pass(grey, scratch, 1, SIDE);
    pass(scratch, grey, SIDE, 1);
  }

  /** One direction; beyond the border the image is black, as a head's surroundings are. */
  private void pass(float[] from, float[] into, int step, int line) {
    int reach = kernel.length / 2;
    for (int l = 0; l < SIDE; l++) {
      for (int i = 0; i < SIDE; i++) {
        float sum = 0;
        int first = Math.max(-reach, -i);
        int last = Math.min(reach, SIDE - 1 - i);
        for (int k = first; k <= last; k++) {
          sum += kernel[k + reach] * from[l * line + (i + k) * step];
        }
        into[l * line + i * step] = sum;
      }
    }
  }

  /** Rician: the magnitude of a signal with independent normal noise in two channels. */
  private static void addNoise(float[] grey, float sigma, SplittableRandom random) {
    int mask = (1 << QUANTILE_BITS) - 1;
    for (int i = 0; i < grey.length; i += 2) {
      long bits = random.nextLong();
      for (int j = i; j < i + 2; j++) {
        float real = grey[j] + sigma * QUANTILES[(int) (bits & mask)];
        float imaginary = sigma * QUANTILES[(int) (bits >>> QUANTILE_BITS & mask)];
        grey[j] = (float) Math.sqrt(real * real + imaginary * imaginary);
        bits >>>= 2 * QUANTILE_BITS;
      }
    }
  }

  private static float[] curve(double gamma) {
    float[] curve = new float[CURVE_STEPS + 1];
    for (int i = 0; i <= CURVE_STEPS; i++) {
      curve[i] = (float) (FULL_SCALE * StrictMath.pow((double) i / CURVE_STEPS, gamma));
    }
    return curve;
  }

  private static float[] kernel(double sigma) {
    int reach = (int) Math.ceil(3 * sigma);
    double[] weights = new double[2 * reach + 1];
    double sum = 0;
    for (int k = -reach; k <= reach; k++) {
      weights[k + reach] = sigma > 0 ? StrictMath.exp(-k * k / (2 * sigma * sigma)) : 1;
      sum += weights[k + reach];
    }
    float[] kernel = new float[weights.length];
    for (int k = 0; k < kernel.length; k++) {
      kernel[k] = (float) (weights[k] / sum);
    }
    return kernel;
  }

  /** Newton steps from the quantile before: Φ is concave there, so they approach from below. */
  private static float[] quantiles() {
    int count = 1 << QUANTILE_BITS;
    float[] quantiles = new float[count];
    double x = 0;
    for (int i = count / 2; i < count; i++) {
      double p = (i + .5) / count;
      for (int step = 0; step < 60; step++) {
        double density = StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * StrictMath.PI);
        double next = x - (below(x) - p) / density;
        boolean settled = Math.abs(next - x) < 1e-12;
        x = next;
        if (settled) {
          break;
        }
      }
      quantiles[i] = (float) x;
      quantiles[count - 1 - i] = (float) -x;
    }
    return quantiles;
  }

  /** Φ(x) = 1/2 + φ(x)·Σ x^(2n+1)/(1·3·5…(2n+1)), exact for the |x| ≤ 4 that occurs here. */
  private static double below(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 200 && Math.abs(term) > 1e-18; n++) {
      term *= x * x / (2 * n + 1);
      sum += term;
    }
    return .5 + sum * StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * StrictMath.PI);
  }
}
