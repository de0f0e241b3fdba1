package org.consilium.coordinator.study;

import java.util.List;
import java.util.SplittableRandom;

/** What two lying sites of ten send, knowing all sound deltas of the round. */
enum Attack {
  /** Nothing: all are sound. */
  NONE,
  SIGN_FLIP,
  SCALED_10,
  SCALED_100,
  GAUSSIAN_NOISE,
  /** Baruch et al. 2019, "A little is enough": within what is usual, all the same way. */
  LITTLE_IS_ENOUGH,
  /** Xie et al. 2020, "Fall of empires": against the mean, so that the product is negative. */
  INNER_PRODUCT,
  LABEL_FLIP,
  /** Bagdasaryan et al. 2020, "How to backdoor federated learning": scaled to replace the model. */
  BACKDOOR,
  CONSTANT,
  ZERO,
  /** The delta of the first round again, with fresh rounding and under a fresh seal. */
  OLD_UPDATE,
  /** The last layer alone, thirty times too long. */
  ONE_TENSOR,
  /** Both send all but the same made-up delta, so that each is the other's close neighbour. */
  SYBILS,
  /** A little more each round in one direction. */
  SLOW_DRIFT;

  /** Whether it stays within what is usual, at the price of doing little. */
  boolean quiet() {
    return this == NONE || this == LITTLE_IS_ENOUGH || this == INNER_PRODUCT;
  }

  /**
   * What the liars know.
   *
   * @param round number, from 1
   * @param model the round's model
   * @param sound the sound delta of each site
   * @param first the liar's own delta of round 1
   */
  record View(PatternSites sites, int round, float[] model, List<float[]> sound, float[] first) {
    float[] own(int site) {
      return sound.get(site).clone();
    }

    /** Mean and deviation over sites of one coordinate. */
    double[] moments(int i) {
      double mean = sound.stream().mapToDouble(d -> d[i]).average().orElseThrow();
      double variance =
          sound.stream().mapToDouble(d -> (d[i] - mean) * (d[i] - mean)).average().orElseThrow();
      return new double[] {mean, Math.sqrt(variance)};
    }
  }

  /** A liar's delta; it still has to be cut to S. */
  float[] lie(View view, int site) {
    return switch (this) {
      case NONE -> view.own(site);
      case LABEL_FLIP -> view.sites().flipped(view.model(), site);
      case BACKDOOR -> times(view.sites().backdoored(view.model(), site), PatternSites.SITES / 2.0);
      case OLD_UPDATE -> view.first().clone();
      case ZERO -> new float[PatternSites.LENGTH];
      case SIGN_FLIP -> times(view.own(site), -3);
      case SCALED_10 -> times(view.own(site), 10);
      case SCALED_100 -> times(view.own(site), 100);
      case GAUSSIAN_NOISE,
          LITTLE_IS_ENOUGH,
          INNER_PRODUCT,
          CONSTANT,
          ONE_TENSOR,
          SYBILS,
          SLOW_DRIFT ->
          byCoordinate(view, site);
    };
  }

  private float[] byCoordinate(View view, int site) {
    SplittableRandom own = new SplittableRandom(1000L * view.round() + site);
    SplittableRandom shared = new SplittableRandom(7); // the same in all rounds and of both liars
    float[] lie = view.own(site);
    for (int i = 0; i < lie.length; i++) {
      double[] moments = view.moments(i);
      double direction = shared.nextBoolean() ? 1 : -1;
      lie[i] =
          (float)
              switch (this) {
                case GAUSSIAN_NOISE -> 0.5 * own.nextGaussian();
                case LITTLE_IS_ENOUGH -> moments[0] - 1.0 * moments[1];
                case INNER_PRODUCT -> -0.5 * moments[0];
                case CONSTANT -> 0.3 + 0.001 * site + 1e-4 * view.round(); // else it repeats itself
                case ONE_TENSOR -> i >= PatternSites.LENGTH - 68 ? 30 * lie[i] : lie[i];
                // All but the same: a copy to the last bit is refused at the door.
                case SYBILS -> 0.3 * direction + 1e-4 * own.nextGaussian();
                case SLOW_DRIFT -> lie[i] + 0.02 * view.round() * direction;
                default -> throw new IllegalStateException("not by coordinate: " + this);
              };
    }
    return lie;
  }

  private static float[] times(float[] delta, double factor) {
    for (int i = 0; i < delta.length; i++) {
      delta[i] *= (float) factor;
    }
    return delta;
  }
}
