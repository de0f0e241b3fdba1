package org.consilium.site.validate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.metrics.LabelledScores;
import org.consilium.models.metrics.ProbabilityScores;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/** Several findings an image: means over the findings that this site knows. */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
record FindingScores(LabelledFindings cases, double[] logits) implements Judged {
  /** Of the finding with the fewest known cases of either kind, so that no cell is smaller. */
  @Override
  public Counts counts() {
    Counts least = new Counts(List.of(cases.count()));
    for (int f = 0; f < cases.findings(); f++) {
      int absent = cases.countOf(f, 0);
      int present = cases.countOf(f, 1);
      Counts own = new Counts(List.of(absent, present));
      if (absent + present > 0 && own.least() < least.least()) {
        least = own;
      }
    }
    return least;
  }

  @Override
  public List<Finding> findings(Subject subject, Cases kind) {
    List<Double> aurocs = new ArrayList<>();
    List<Double> losses = new ArrayList<>();
    for (int f = 0; f < cases.findings(); f++) {
      LabelledScores scores = known(f);
      if (scores.count() > 0) {
        losses.add(ProbabilityScores.logLoss(scores));
        Optional<Auroc> auroc = Auroc.of(scores);
        auroc.ifPresent(a -> aurocs.add(a.estimate()));
      }
    }
    List<Finding> found = new ArrayList<>();
    mean(aurocs).ifPresent(m -> found.add(Finding.plain(subject, kind, Quantity.AUROC, m)));
    mean(losses).ifPresent(m -> found.add(Finding.plain(subject, kind, Quantity.LOG_LOSS, m)));
    return found;
  }

  private LabelledScores known(int finding) {
    int count = cases.count() - cases.countOf(finding, LabelledFindings.UNKNOWN);
    int[] labels = new int[count];
    double[] scores = new double[count];
    int at = 0;
    for (int i = 0; i < cases.count(); i++) {
      if (cases.target(i, finding) != LabelledFindings.UNKNOWN) {
        labels[at] = cases.target(i, finding);
        scores[at++] = 1 / (1 + Math.exp(-logits[i * cases.findings() + finding]));
      }
    }
    return new LabelledScores(labels, scores);
  }

  private static Optional<Double> mean(List<Double> values) {
    return values.isEmpty()
        ? Optional.empty()
        : Optional.of(values.stream().mapToDouble(Double::doubleValue).sum() / values.size());
  }
}
