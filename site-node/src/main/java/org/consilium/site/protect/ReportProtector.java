package org.consilium.site.protect;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.site.validate.Findings;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/**
 * The only way of metrics out of the hospital. A number whose cases have fewer than k in any class
 * is absent; AUROC and shifts keep 2 decimals, loss and calibration error 3; counts become the
 * lower edge of a wide bucket; which model a site keeps is told where its scores are. No count
 * below k leaves, and no per-patient value exists in the format.
 */
public final class ReportProtector {
  /** The small-cell rule's floor, whatever a study says. */
  static final int SMALL_CELL_MIN = 5;

  private static final int[] BUCKET_EDGES = {
    11, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000
  };

  private final SiteIdentity self;

  /** For one site. */
  public ReportProtector(SiteIdentity self) {
    this.self = self;
  }

  /**
   * The part of {@code findings} that may be released, signed.
   *
   * @param smallCell k, the larger one of the study's and the hospital's
   */
  public ReleasedReport protect(Findings findings, int smallCell) {
    int k = Math.max(SMALL_CELL_MIN, smallCell);
    boolean holdout = findings.holdout().least() >= k;
    boolean recent = findings.recent().map(c -> c.least() >= k).orElse(false);
    List<Measure> measures = new ArrayList<>();
    for (Finding finding : findings.values()) {
      boolean enough =
          switch (finding.cases()) {
            case HOLDOUT -> holdout;
            case WINDOW -> recent && (holdout || !isShift(finding.quantity()));
          };
      if (enough && Double.isFinite(finding.value() + finding.low() + finding.high())) {
        measures.add(rounded(finding));
      }
    }
    ValidationReport report =
        new ValidationReport(
            findings.round(),
            findings.window(),
            findings.model(),
            holdout ? bucket(findings.holdout(), k) : 0,
            recent ? findings.recent().map(c -> bucket(c, k)).orElse(0) : 0,
            measures,
            holdout ? findings.kept() : Optional.empty());
    byte[] body = ReportCodec.encode(report);
    return new ReleasedReport(report, body, self.key().sign(SignedKind.REPORT.label(), body));
  }

  private static boolean isShift(Quantity quantity) {
    return quantity == Quantity.AUROC_SHIFT || quantity == Quantity.LOG_LOSS_SHIFT;
  }

  private static int bucket(Counts counts, int k) {
    int edge = 0;
    for (int candidate : BUCKET_EDGES) {
      if (candidate >= k && candidate <= counts.total()) {
        edge = candidate;
      }
    }
    return edge;
  }

  private static Measure rounded(Finding f) {
    double steps =
        switch (f.quantity()) {
          case AUROC, AUROC_SHIFT, LOG_LOSS_SHIFT, DICE -> 100;
          case SURFACE_DISTANCE -> 10;
          case LOG_LOSS, CALIBRATION_ERROR -> 1000;
        };
    return new Measure(
        f.subject(),
        f.cases(),
        f.quantity(),
        Math.rint(f.value() * steps) / steps,
        Math.rint(Math.min(f.low(), f.value()) * steps) / steps,
        Math.rint(Math.max(f.high(), f.value()) * steps) / steps);
  }
}
