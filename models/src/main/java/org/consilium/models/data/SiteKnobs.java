package org.consilium.models.data;

import java.util.List;
import java.util.SplittableRandom;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/**
 * How a simulated site differs from others; each knob is one known cause of a shift. Acquisition
 * knobs act on the 1-mm grid, before the image is made smaller.
 *
 * @param site the site's name; part of every case's seed
 * @param prevalence share of cases with lesions, 0.01-0.99
 * @param oldShare share of old patients, who have smaller and fainter lesions, 0-1
 * @param gamma exponent on grey values 0-1, 0.4-2.5; 1 = none
 * @param blurMm standard deviation of a Gaussian blur in mm, 0-4; 0 = none
 * @param noise standard deviation of Rician noise as a share of full scale, 0-0.15
 * @param bias amplitude of a smooth multiplicative field, 0-0.4
 * @param callFromMm annotation rule r0: smaller lesions are called negative, in mm of radius, 0-14
 * @param flipRate share of labels that are wrong at random, 0-0.5
 */
public record SiteKnobs(
    SiteId site,
    double prevalence,
    double oldShare,
    double gamma,
    double blurMm,
    double noise,
    double bias,
    double callFromMm,
    double flipRate) {
  public SiteKnobs {
    check("prevalence", prevalence, .01, .99);
    check("oldShare", oldShare, 0, 1);
    check("gamma", gamma, .4, 2.5);
    check("blurMm", blurMm, 0, 4);
    check("noise", noise, 0, .15);
    check("bias", bias, 0, .4);
    check("callFromMm", callFromMm, 0, 14);
    check("flipRate", flipRate, 0, .5);
  }

  /** A site with every knob at its default: prevalence .35, half of the patients old, noise 1 %. */
  public static SiteKnobs of(SiteId site) {
    return new SiteKnobs(site, .35, .5, 1, 0, .01, 0, 0, 0);
  }

  /** The four sites of the demonstration. */
  public static List<SiteKnobs> demonstration() {
    return List.of(
        new SiteKnobs(new SiteId("aldermoor"), .35, .5, 1, 0, .01, 0, 0, 0),
        new SiteKnobs(new SiteId("birchfield"), .25, .7, .85, 0, .02, 0, 0, 0),
        new SiteKnobs(new SiteId("cedarvale"), .45, .3, 1.2, 0, .01, .2, 0, 0),
        new SiteKnobs(new SiteId("dunmore"), .35, .5, 1, .7, .015, 0, 0, 0));
  }

  /** A further site with case-mix and acquisition drawn in everyday ranges from seed and name. */
  public static SiteKnobs drawn(SiteId site, long seed) {
    SplittableRandom random = new SplittableRandom(hash(seed, "knobs " + site.value()));
    double prevalence = random.nextDouble(.25, .5);
    double oldShare = random.nextDouble(.2, .8);
    double gamma = random.nextDouble(.8, 1.25);
    double blurMm = random.nextDouble(0, .8);
    double noise = random.nextDouble(.008, .02);
    double bias = random.nextDouble(0, .2);
    return new SiteKnobs(site, prevalence, oldShare, gamma, blurMm, noise, bias, 0, 0);
  }

  /** The same site with another scanner setting. */
  public SiteKnobs withAcquisition(double newGamma, double newBlurMm, double newNoise) {
    return new SiteKnobs(
        site, prevalence, oldShare, newGamma, newBlurMm, newNoise, bias, callFromMm, flipRate);
  }

  /** The same site with more or less noise. */
  public SiteKnobs withNoise(double newNoise) {
    return withAcquisition(gamma, blurMm, newNoise);
  }

  /** The same site with another mix of patients. */
  public SiteKnobs withCaseMix(double newPrevalence, double newOldShare) {
    return new SiteKnobs(
        site, newPrevalence, newOldShare, gamma, blurMm, noise, bias, callFromMm, flipRate);
  }

  /** The same site with another rule or quality of annotation. */
  public SiteKnobs withAnnotation(double newCallFromMm, double newFlipRate) {
    return new SiteKnobs(
        site, prevalence, oldShare, gamma, blurMm, noise, bias, newCallFromMm, newFlipRate);
  }

  /** 64 bits that depend on everything given; the same on every machine. */
  static long hash(long seed, String what) {
    byte[] digest =
        Digest.sha256((seed + " " + what).getBytes(java.nio.charset.StandardCharsets.UTF_8))
            .bytes();
    return java.nio.ByteBuffer.wrap(digest).getLong();
  }

  private static void check(String knob, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          "site knob %s must be %s-%s, got %s".formatted(knob, min, max, value));
    }
  }
}
