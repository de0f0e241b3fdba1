package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.zip.CRC32;
import org.consilium.models.data.LesionCases.CaseBatch;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

final class LesionCasesTest {
  private static final SiteKnobs SITE = SiteKnobs.of(new SiteId("testing"));
  private static final LesionCases COLIN = LesionCases.on(BundledSlices.colin(), 64);
  private static final LesionCases PHANTOM = LesionCases.on(BundledSlices.phantom(), 32);

  @Test
  void cases_askedForInPieces_areTheSame() {
    CaseBatch all = COLIN.casesWithMasks(SITE, Split.TRAIN, 5, 0, 20);
    CaseBatch some = COLIN.casesWithMasks(SITE, Split.TRAIN, 5, 13, 4);
    for (int i = 0; i < 4; i++) {
      assertThat(some.images().label(i)).isEqualTo(all.images().label(13 + i));
      for (int at = 0; at < 64 * 64; at++) {
        assertThat(some.images().pixel(i, at)).isEqualTo(all.images().pixel(13 + i, at));
        assertThat(some.masks()[i * 4096 + at]).isEqualTo(all.masks()[(13 + i) * 4096 + at]);
      }
    }
  }

  @Test
  void cases_ofKnownSeed_areTheSameOnEveryMachine() {
    // Recorded once from this generator; another value elsewhere means that machines disagree.
    SiteKnobs everything = new SiteKnobs(new SiteId("testing"), .5, .4, .8, .9, .03, .2, 0, .1);
    ImageSet images = COLIN.cases(everything, Split.TEST, 2026, 0, 8);
    assertThat(Long.toHexString(checksum(images))).isEqualTo("fdb0ed6c");
  }

  @Test
  void cases_ofOtherSeedSiteOrSplit_differ() {
    long base = checksum(COLIN.cases(SITE, Split.TRAIN, 5, 0, 4));
    assertThat(checksum(COLIN.cases(SITE, Split.TRAIN, 6, 0, 4))).isNotEqualTo(base);
    assertThat(checksum(COLIN.cases(SITE, Split.TEST, 5, 0, 4))).isNotEqualTo(base);
    SiteKnobs other = SiteKnobs.of(new SiteId("another"));
    assertThat(checksum(COLIN.cases(other, Split.TRAIN, 5, 0, 4))).isNotEqualTo(base);
  }

  @Test
  void acquisition_changed_leavesLabelsAndMasks() {
    CaseBatch before = COLIN.casesWithMasks(SITE, Split.TRAIN, 5, 0, 30);
    CaseBatch after =
        COLIN.casesWithMasks(SITE.withAcquisition(.7, 1.5, .08), Split.TRAIN, 5, 0, 30);
    assertThat(after.images().labels()).isEqualTo(before.images().labels());
    assertThat(after.masks()).isEqualTo(before.masks());
    assertThat(checksum(after.images())).isNotEqualTo(checksum(before.images()));
  }

  @Test
  void annotation_changed_leavesImages() {
    ImageSet before = COLIN.cases(SITE, Split.TRAIN, 5, 0, 200);
    ImageSet strict = COLIN.cases(SITE.withAnnotation(10, 0), Split.TRAIN, 5, 0, 200);
    ImageSet sloppy = COLIN.cases(SITE.withAnnotation(0, .2), Split.TRAIN, 5, 0, 200);
    assertThat(checksum(strict)).isEqualTo(checksum(before));
    assertThat(checksum(sloppy)).isEqualTo(checksum(before));
    assertThat(strict.countOf(1)).isLessThan(before.countOf(1) * 3 / 4);
    int flipped = 0;
    for (int i = 0; i < 200; i++) {
      flipped += sloppy.label(i) != before.label(i) ? 1 : 0;
    }
    // Binomial, 40 expected, standard deviation 5.7.
    assertThat(flipped).isBetween(20, 60);
  }

  @Test
  void prevalence_ofManyCases_isTheKnob() {
    // Standard error of a share of .35 in 1000 is .015.
    ImageSet images = PHANTOM.cases(SITE, Split.TRAIN, 1, 0, 1_000);
    assertThat(images.countOf(1) / 1_000.0).isCloseTo(.35, within(.06));
  }

  @Test
  void texts_ofManyCases_sayWhatTheReaderCallsInSeveralWays() {
    CaseBatch cases = COLIN.casesWithMasks(SITE, Split.TRAIN, 5, 0, 200);
    CaseBatch sloppy = COLIN.casesWithMasks(SITE.withAnnotation(0, .2), Split.TRAIN, 5, 0, 200);

    for (CaseBatch batch : List.of(cases, sloppy)) {
      for (int i = 0; i < 200; i++) {
        String text = batch.texts().get(i);
        boolean denied = text.contains("no ") || text.contains("without");
        assertThat(denied).as(text).isEqualTo(batch.images().label(i) == 0);
      }
    }
    assertThat(cases.texts().stream().distinct().count()).isGreaterThan(30);
    assertThat(COLIN.casesWithMasks(SITE, Split.TRAIN, 5, 100, 2).texts())
        .isEqualTo(cases.texts().subList(100, 102));
  }

  @Test
  void text_ofASmallBrightCorner_namesItsPlace() {
    SiteKnobs ill = new SiteKnobs(new SiteId("testing"), .99, .5, 1, 0, 0, 0, 0, 0);
    CaseBatch cases = COLIN.casesWithMasks(ill, Split.TRAIN, 9, 0, 60);
    int single = 0;
    for (int i = 0; i < 60; i++) {
      String text = cases.texts().get(i);
      if (!text.matches(".*\\b(two|three|no|suspected)\\b.*")) {
        long left = 0;
        long right = 0;
        for (int at = 0; at < 64 * 64; at++) {
          left += at % 64 < 32 ? cases.masks()[i * 4096 + at] : 0;
          right += at % 64 >= 32 ? cases.masks()[i * 4096 + at] : 0;
        }
        // Of a lesion on the middle line either side is right.
        assertThat(text.contains("left") ? left : right).as(text).isPositive();
        single++;
      }
    }
    assertThat(single).isGreaterThan(10);
  }

  @Test
  void lesion_ofAnyPositive_isBrighterThanTheSameCaseWithout() {
    SiteKnobs ill = new SiteKnobs(new SiteId("testing"), .99, .5, 1, 0, 0, 0, 0, 0);
    SiteKnobs well = new SiteKnobs(new SiteId("testing"), .01, .5, 1, 0, 0, 0, 0, 0);
    CaseBatch with = COLIN.casesWithMasks(ill, Split.TRAIN, 9, 0, 40);
    ImageSet without = COLIN.cases(well, Split.TRAIN, 9, 0, 40);
    int compared = 0;
    for (int i = 0; i < 40; i++) {
      if (with.images().label(i) == 1 && without.label(i) == 0) {
        double gain = 0;
        double before = 0;
        for (int at = 0; at < 64 * 64; at++) {
          int difference = with.images().pixel(i, at) - without.pixel(i, at);
          assertThat(difference).isGreaterThanOrEqualTo(0);
          if (with.masks()[i * 4096 + at] == 1) {
            gain += difference;
            before += without.pixel(i, at);
          }
        }
        // +50-90 % each; overlapping lesions add up, edges average down.
        assertThat(gain / before).as("case %d", i).isBetween(.3, 2.0);
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(30);
  }

  @Test
  void oldShare_raised_makesLesionsSmaller() {
    long young = area(SITE.withCaseMix(.9, 0));
    long old = area(SITE.withCaseMix(.9, 1));
    assertThat(old).isLessThan(young * 3 / 4);
  }

  @Test
  void noise_ofKnownSigma_hasRicianMeanInTheDark() {
    SiteKnobs noisy = SITE.withNoise(.08);
    ImageSet images =
        LesionCases.on(BundledSlices.phantom(), 224).cases(noisy, Split.TRAIN, 1, 0, 4);
    double sum = 0;
    for (int i = 0; i < 4; i++) {
      for (int at = 0; at < 224; at++) {
        sum += images.pixel(i, at);
      }
    }
    // Rayleigh mean σ·√(π/2) with σ = .08·255 (Gudbjartsson and Patz 1995, eq. 2).
    assertThat(sum / 896).isCloseTo(20.4 * Math.sqrt(Math.PI / 2), within(1.5));
  }

  @Test
  void sites_ofTheDemonstration_areFourAndDrawnOnesLegal() {
    assertThat(SiteKnobs.demonstration())
        .extracting(SiteKnobs::prevalence)
        .isEqualTo(List.of(.35, .25, .45, .35));
    SiteId extra = new SiteId("extra-5");
    assertThat(SiteKnobs.drawn(extra, 1)).isEqualTo(SiteKnobs.drawn(extra, 1));
    assertThat(SiteKnobs.drawn(extra, 1)).isNotEqualTo(SiteKnobs.drawn(extra, 2));
  }

  @Test
  void knob_outOfRange_isRefusedByName() {
    assertThatThrownBy(() -> SITE.withNoise(.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("site knob noise must be 0.0-0.15, got 0.5");
    assertThatThrownBy(() -> LesionCases.on(BundledSlices.phantom(), 300))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static long area(SiteKnobs knobs) {
    byte[] masks = COLIN.casesWithMasks(knobs, Split.TRAIN, 3, 0, 60).masks();
    long area = 0;
    for (byte pixel : masks) {
      area += pixel;
    }
    return area;
  }

  private static long checksum(ImageSet images) {
    CRC32 crc = new CRC32();
    for (int i = 0; i < images.count(); i++) {
      for (int at = 0; at < images.imageLength(); at++) {
        crc.update(images.pixel(i, at));
      }
    }
    return crc.getValue();
  }
}
