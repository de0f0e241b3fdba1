package org.consilium.site.protect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.site.validate.Findings;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportProtectorTest {
  @TempDir Path folder;

  @Test
  void protect_enoughCases_roundsAndBuckets() throws IOException {
    ValidationReport report = release(new Counts(List.of(60, 64)), Optional.empty());

    assertThat(report.holdoutBucket()).isEqualTo(100);
    assertThat(report.measures())
        .containsExactly(
            new Measure(Subject.GLOBAL, Cases.HOLDOUT, Quantity.AUROC, 0.88, 0.81, 0.93),
            new Measure(Subject.GLOBAL, Cases.HOLDOUT, Quantity.LOG_LOSS, 0.412, 0.412, 0.412));
  }

  @Test
  void badInput_55_aClassBelowTheSmallCell_releasesNothing() throws IOException {
    for (int few = 0; few <= 10; few++) {
      ValidationReport report = release(new Counts(List.of(few, 500)), Optional.empty());

      assertThat(report.measures()).as("%d cases", few).isEmpty();
      assertThat(report.holdoutBucket()).isZero();
    }
  }

  @Test
  void protect_smallWindow_keepsTheHoldoutAndDropsTheWindow() throws IOException {
    ValidationReport report =
        release(new Counts(List.of(60, 64)), Optional.of(new Counts(List.of(30, 10))));

    assertThat(report.windowBucket()).isZero();
    assertThat(report.measures()).allMatch(m -> m.cases() == Cases.HOLDOUT);
  }

  @Test
  void protect_largeWindow_releasesTheShift() throws IOException {
    ValidationReport report =
        release(new Counts(List.of(60, 64)), Optional.of(new Counts(List.of(30, 20))));

    assertThat(report.windowBucket()).isEqualTo(30);
    assertThat(report.find(Subject.GLOBAL, Cases.WINDOW, Quantity.AUROC_SHIFT))
        .hasValueSatisfying(m -> assertThat(m.value()).isEqualTo(1.24));
  }

  private ValidationReport release(Counts holdout, Optional<Counts> recent) throws IOException {
    Consortium consortium = new Consortium(folder.resolve("ca" + holdout + recent));
    Findings findings =
        new Findings(
            new RoundId(Consortium.STUDY, 1),
            1,
            new ModelVersion(Digest.sha256(new byte[0])),
            holdout,
            recent,
            List.of(
                new Finding(Subject.GLOBAL, Cases.HOLDOUT, Quantity.AUROC, 0.8766, 0.8124, 0.9261),
                new Finding(
                    Subject.GLOBAL, Cases.HOLDOUT, Quantity.LOG_LOSS, 0.41249, 0.41249, 0.41249),
                new Finding(
                    Subject.GLOBAL, Cases.WINDOW, Quantity.AUROC_SHIFT, 1.2378, 1.2378, 1.2378)));
    ReleasedReport released =
        new ReportProtector(consortium.north)
            .protect(findings, Consortium.plan().protection().smallCell());
    return ReportCodec.decode(released.body());
  }
}
