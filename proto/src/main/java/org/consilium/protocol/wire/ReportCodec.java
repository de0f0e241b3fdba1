package org.consilium.protocol.wire;

import java.util.Optional;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** Validation reports as bytes. */
public final class ReportCodec {
  private ReportCodec() {}

  /** The report's bytes. */
  public static byte[] encode(ValidationReport report) {
    var m =
        org.consilium.proto.v1.ValidationReport.newBuilder()
            .setStudy(report.round().study().value())
            .setRound(report.round().number())
            .setWindow(report.window())
            .setModelVersion(Decoding.bytes(report.model().digest()))
            .setHoldoutBucket(report.holdoutBucket())
            .setWindowBucket(report.windowBucket());
    for (Measure measure : report.measures()) {
      m.addMeasures(
          org.consilium.proto.v1.Measure.newBuilder()
              .setSubject(org.consilium.proto.v1.Measure.Subject.valueOf(measure.subject().name()))
              .setCases(org.consilium.proto.v1.Measure.Cases.valueOf(measure.cases().name()))
              .setQuantity(
                  org.consilium.proto.v1.Measure.Quantity.valueOf(measure.quantity().name()))
              .setValue(measure.value())
              .setLow(measure.low())
              .setHigh(measure.high()));
    }
    report
        .kept()
        .ifPresent(kept -> m.setKept(org.consilium.proto.v1.Measure.Subject.valueOf(kept.name())));
    return m.build().toByteArray();
  }

  /** The report in {@code body}. */
  public static ValidationReport decode(byte[] body) {
    return Decoding.decode(
        "validation report",
        body,
        64 << 10,
        org.consilium.proto.v1.ValidationReport.parser(),
        ReportCodec::report);
  }

  private static ValidationReport report(org.consilium.proto.v1.ValidationReport m) {
    if (m.getMeasuresCount() > Limits.MEASURES_MAX) {
      throw new IllegalArgumentException(
          "measures must be at most %d, got %d"
              .formatted(Limits.MEASURES_MAX, m.getMeasuresCount()));
    }
    return new ValidationReport(
        new RoundId(new StudyId(m.getStudy()), m.getRound()),
        m.getWindow(),
        new ModelVersion(Decoding.digest(m.getModelVersion())),
        m.getHoldoutBucket(),
        m.getWindowBucket(),
        m.getMeasuresList().stream().map(ReportCodec::measure).toList(),
        m.getKept() == org.consilium.proto.v1.Measure.Subject.SUBJECT_UNSPECIFIED
            ? Optional.empty()
            : Optional.of(pick(Subject.values(), m.getKept().name(), "kept")));
  }

  private static Measure measure(org.consilium.proto.v1.Measure m) {
    return new Measure(
        pick(Subject.values(), m.getSubject().name(), "subject"),
        pick(Cases.values(), m.getCases().name(), "cases"),
        pick(Quantity.values(), m.getQuantity().name(), "quantity"),
        m.getValue(),
        m.getLow(),
        m.getHigh());
  }

  private static <E extends Enum<E>> E pick(E[] values, String name, String field) {
    for (E value : values) {
      if (value.name().equals(name)) {
        return value;
      }
    }
    throw new IllegalArgumentException("measure %s is not known: %s".formatted(field, name));
  }
}
