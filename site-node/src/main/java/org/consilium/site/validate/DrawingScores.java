package org.consilium.site.validate;

import java.util.Arrays;
import java.util.List;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.site.validate.Findings.Counts;
import org.consilium.site.validate.Findings.Finding;

/** One loss an image, without labels. */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
record DrawingScores(double[] losses) implements Judged {
  @Override
  public Counts counts() {
    return new Counts(List.of(losses.length));
  }

  @Override
  public List<Finding> findings(Subject subject, Cases kind) {
    return Arrays.stream(losses).average().stream()
        .mapToObj(mean -> Finding.plain(subject, kind, Quantity.LOG_LOSS, mean))
        .toList();
  }
}
