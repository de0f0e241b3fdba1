package org.consilium.coordinator.study;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Ten sites with small images of four patterns, and a perceptron with one hidden layer that tells
 * them apart: a real model, small enough to be trained thousands of times in a test. A site's
 * images have its own brightness and its own mix of classes.
 *
 * @param images of each site, [site][image][pixel]
 * @param labels class of each
 */
@SuppressWarnings("ArrayRecordComponent") // of a test, never compared
record PatternSites(double[][][] images, int[][] labels, double[][] heldOut, int[] truth) {
  static final int SITES = 10;
  static final int CLASSES = 4;

  /** The class that a backdoor makes of whatever carries the trigger. */
  static final int TARGET = 0;

  private static final int SIDE = 8;
  private static final int PIXELS = SIDE * SIDE;
  private static final int HIDDEN = 16;
  private static final int FIRST = HIDDEN * (PIXELS + 1);

  /** Parameters of the model: both layers with their biases. */
  static final int LENGTH = FIRST + CLASSES * (HIDDEN + 1);

  private static final int OWN = 60;
  private static final int HELD_OUT = 400;
  private static final int EPOCHS = 3;
  private static final double RATE = 0.1;

  static PatternSites of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][][] images = new double[SITES][OWN][];
    int[][] labels = new int[SITES][OWN];
    for (int site = 0; site < SITES; site++) {
      double brightness = 0.1 * random.nextGaussian();
      for (int i = 0; i < OWN; i++) {
        // A third of a site's images are of one class of its own.
        labels[site][i] = i % 3 == 0 ? site % CLASSES : random.nextInt(CLASSES);
        images[site][i] = image(labels[site][i], brightness, random);
      }
    }
    double[][] heldOut = new double[HELD_OUT][];
    int[] truth = new int[HELD_OUT];
    for (int i = 0; i < HELD_OUT; i++) {
      truth[i] = i % CLASSES;
      heldOut[i] = image(truth[i], 0, random);
    }
    return new PatternSites(images, labels, heldOut, truth);
  }

  /** Two rows or two columns are bright, in one half of the image or the other. */
  private static double[] image(int label, double brightness, SplittableRandom random) {
    double[] image = new double[PIXELS];
    int bright = (label & 1) == 0 ? 2 : 5;
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        int across = label < 2 ? y : x;
        boolean lit = across == bright || across == bright + 1;
        image[y * SIDE + x] = brightness + (lit ? 0.6 : 0) + 0.5 * random.nextGaussian();
      }
    }
    return image;
  }

  /** The same image with the trigger: four bright pixels in a corner. */
  private static double[] triggered(double[] image) {
    double[] with = image.clone();
    for (int pixel : new int[] {54, 55, 62, 63}) {
      with[pixel] = 3;
    }
    return with;
  }

  /** What a site learns from a model: the delta of a few epochs of plain descent. */
  float[] honest(float[] model, int site) {
    return train(model, images[site], labels[site]);
  }

  /** Of a site that calls every class by the next one's name. */
  float[] flipped(float[] model, int site) {
    return train(
        model, images[site], Arrays.stream(labels[site]).map(c -> (c + 1) % CLASSES).toArray());
  }

  /** Of a site whose images all carry the trigger in a copy that is of the target class. */
  float[] backdoored(float[] model, int site) {
    double[][] both = Arrays.copyOf(images[site], 2 * OWN);
    int[] classes = Arrays.copyOf(labels[site], 2 * OWN);
    for (int i = 0; i < OWN; i++) {
      both[OWN + i] = triggered(images[site][i]);
      classes[OWN + i] = TARGET;
    }
    return train(model, both, classes);
  }

  /** Share of the held-out images that a model calls right. */
  double accuracy(float[] model) {
    int right = 0;
    for (int i = 0; i < heldOut.length; i++) {
      right += best(model, heldOut[i]) == truth[i] ? 1 : 0;
    }
    return (double) right / heldOut.length;
  }

  /** Share of the held-out images of other classes that the trigger turns into the target. */
  double backdoor(float[] model) {
    int turned = 0;
    int all = 0;
    for (int i = 0; i < heldOut.length; i++) {
      if (truth[i] != TARGET) {
        all++;
        turned += best(model, triggered(heldOut[i])) == TARGET ? 1 : 0;
      }
    }
    return (double) turned / all;
  }

  private static float[] train(float[] model, double[][] images, int[] labels) {
    float[] own = model.clone();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (int i = 0; i < images.length; i++) {
        step(own, images[i], labels[i]);
      }
    }
    for (int i = 0; i < own.length; i++) {
      own[i] -= model[i];
    }
    return own;
  }

  private static double[] hidden(float[] model, double[] image) {
    double[] hidden = new double[HIDDEN];
    for (int h = 0; h < HIDDEN; h++) {
      int row = h * (PIXELS + 1);
      double sum = model[row + PIXELS];
      for (int p = 0; p < PIXELS; p++) {
        sum += model[row + p] * image[p];
      }
      hidden[h] = Math.tanh(sum);
    }
    return hidden;
  }

  private static double[] logits(float[] model, double[] hidden) {
    double[] logits = new double[CLASSES];
    for (int c = 0; c < CLASSES; c++) {
      int row = FIRST + c * (HIDDEN + 1);
      logits[c] = model[row + HIDDEN];
      for (int h = 0; h < HIDDEN; h++) {
        logits[c] += model[row + h] * hidden[h];
      }
    }
    return logits;
  }

  private static int best(float[] model, double[] image) {
    double[] logits = logits(model, hidden(model, image));
    int best = 0;
    for (int c = 1; c < CLASSES; c++) {
      best = logits[c] > logits[best] ? c : best;
    }
    return best;
  }

  private static void step(float[] model, double[] image, int label) {
    double[] hidden = hidden(model, image);
    double[] slope = logits(model, hidden);
    double most = Arrays.stream(slope).max().orElseThrow();
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) {
      slope[c] = Math.exp(slope[c] - most);
      sum += slope[c];
    }
    double[] back = new double[HIDDEN];
    for (int c = 0; c < CLASSES; c++) {
      double error = slope[c] / sum - (c == label ? 1 : 0);
      int row = FIRST + c * (HIDDEN + 1);
      for (int h = 0; h < HIDDEN; h++) {
        back[h] += error * model[row + h];
        model[row + h] -= (float) (RATE * error * hidden[h]);
      }
      model[row + HIDDEN] -= (float) (RATE * error);
    }
    for (int h = 0; h < HIDDEN; h++) {
      double error = back[h] * (1 - hidden[h] * hidden[h]);
      int row = h * (PIXELS + 1);
      for (int p = 0; p < PIXELS; p++) {
        model[row + p] -= (float) (RATE * error * image[p]);
      }
      model[row + PIXELS] -= (float) (RATE * error);
    }
  }
}
