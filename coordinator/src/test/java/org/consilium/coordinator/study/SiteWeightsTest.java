package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import org.junit.jupiter.api.Test;

final class SiteWeightsTest {
  @Test
  void gap_siteThatLosesByTheGlobalModel_isPositiveWhicheverWayTheMetricPoints() {
    assertThat(gap("auroc", Quantity.AUROC, 0.7, 0.9)).isCloseTo(0.2, within(1e-12));
    assertThat(gap("auroc", Quantity.AUROC, 0.9, 0.7)).isCloseTo(-0.2, within(1e-12));
    assertThat(gap("dice", Quantity.DICE, 0.7, 0.9)).isCloseTo(0.2, within(1e-12));
    assertThat(gap("loss", Quantity.LOG_LOSS, 0.6, 0.4)).isCloseTo(0.2, within(1e-12));
    assertThat(gap("loss", Quantity.LOG_LOSS, 0.4, 0.6)).isCloseTo(-0.2, within(1e-12));
  }

  @Test
  void gap_suppressedOrMissingReport_isNotANumber() {
    assertThat(gap("auroc", Quantity.LOG_LOSS, 0.6, 0.4)).isNaN();
    assertThat(SiteWeights.gap("auroc", Optional.empty())).isNaN();
  }

  private static double gap(String select, Quantity quantity, double global, double local) {
    ValidationReport report =
        new ValidationReport(
            new RoundId(TestConsortium.STUDY, 1),
            0,
            new ModelVersion(Digest.sha256(new byte[0])),
            50,
            0,
            List.of(
                new Measure(Subject.GLOBAL, Cases.HOLDOUT, quantity, global, global, global),
                new Measure(Subject.LOCAL_TRAINED, Cases.HOLDOUT, quantity, local, local, local)));
    return SiteWeights.gap(select, Optional.of(report));
  }
}
