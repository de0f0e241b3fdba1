package org.consilium.protocol.wire;

import java.time.Duration;
import java.util.Optional;
import org.consilium.proto.v1.StudyProposal;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.CentralPrivacy;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Exposure.Ring;
import org.consilium.protocol.Late;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.Robust;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Monitoring;
import org.consilium.protocol.StudyPlan.Participation;
import org.consilium.protocol.StudyPlan.Protection;

/** Study plans as bytes. A study's digest is the SHA-256 of the bytes that were first encoded. */
public final class PlanCodec {
  private PlanCodec() {}

  /** The plan's bytes; encoded once, then kept as they are. */
  public static byte[] encode(StudyPlan plan) {
    var message =
        org.consilium.proto.v1.StudyPlan.newBuilder()
            .setStudy(plan.study().value())
            .setTitle(plan.title())
            .setTask(LearningCodec.encode(plan.task()))
            .setTuning(LearningCodec.encode(plan.tuning()))
            .setTraining(LearningCodec.encode(plan.training()));
    plan.foundation().ifPresent(f -> message.setFoundation(LearningCodec.encode(f)));
    return message
        .setModel(
            org.consilium.proto.v1.ModelSpec.newBuilder()
                .setArchitecture(plan.model().architecture())
                .setChannels(plan.model().channels())
                .setHeight(plan.model().height())
                .setWidth(plan.model().width())
                .setClasses(plan.model().classes())
                .setParameters(plan.model().parameters()))
        .setAggregation(aggregation(plan.aggregation()))
        .setProtection(protection(plan.protection()))
        .setParticipation(participation(plan.participation()))
        .setMonitoring(
            org.consilium.proto.v1.Monitoring.newBuilder()
                .setDetector(plan.monitoring().detector())
                .setFalseAlarmsPerYear(plan.monitoring().falseAlarmsPerYear())
                .setWindowsPerYear(plan.monitoring().windowsPerYear())
                .setWindows(plan.monitoring().windows())
                .setAction(plan.monitoring().action()))
        .addAllLabels(plan.labels())
        .setSelect(plan.select())
        .setSeed(plan.seed())
        .setRounds(plan.rounds())
        .build()
        .toByteArray();
  }

  /** The plan in {@code body}. */
  public static StudyPlan decode(byte[] body) {
    return Decoding.decode(
        "study plan",
        body,
        Limits.PLAN_BYTES_MAX,
        org.consilium.proto.v1.StudyPlan.parser(),
        PlanCodec::plan);
  }

  /** A proposal's body, whose one content is a plan's bytes. */
  public static byte[] proposal(byte[] planBytes) {
    return StudyProposal.newBuilder()
        .setPlan(com.google.protobuf.ByteString.copyFrom(planBytes))
        .build()
        .toByteArray();
  }

  /** The plan's bytes in a proposal's body. */
  public static byte[] planBytes(byte[] proposalBody) {
    return Decoding.decode(
        "study proposal",
        proposalBody,
        Limits.PLAN_BYTES_MAX + 16,
        StudyProposal.parser(),
        p -> p.getPlan().toByteArray());
  }

  private static StudyPlan plan(org.consilium.proto.v1.StudyPlan m) {
    var model = m.getModel();
    return new StudyPlan(
        new StudyId(m.getStudy()),
        m.getTitle(),
        new ModelSpec(
            model.getArchitecture(),
            model.getChannels(),
            model.getHeight(),
            model.getWidth(),
            model.getClasses(),
            model.getParameters()),
        m.hasFoundation() ? Optional.of(LearningCodec.decode(m.getFoundation())) : Optional.empty(),
        LearningCodec.decode(m.getTask()),
        LearningCodec.decode(m.getTuning()),
        LearningCodec.decode(m.getTraining()),
        aggregation(m.getAggregation()),
        protection(m.getProtection()),
        new Participation(
            m.getParticipation().getSitesList().stream().map(SiteId::new).toList(),
            m.getParticipation().getQuorum(),
            Duration.ofMillis(m.getParticipation().getDeadlineMillis()),
            late(m.getParticipation())),
        new Monitoring(
            m.getMonitoring().getDetector(),
            m.getMonitoring().getFalseAlarmsPerYear(),
            m.getMonitoring().getWindowsPerYear(),
            m.getMonitoring().getWindows(),
            m.getMonitoring().getAction()),
        m.getLabelsList(),
        m.getSelect(),
        m.getSeed(),
        m.getRounds());
  }

  private static org.consilium.proto.v1.Participation participation(Participation p) {
    var message =
        org.consilium.proto.v1.Participation.newBuilder()
            .addAllSites(p.sites().stream().map(SiteId::value).toList())
            .setQuorum(p.quorum())
            .setDeadlineMillis(p.deadline().toMillis());
    switch (p.late()) {
      case Late.Discard _ -> {} // as plans from before there was a choice
      case Late.Carry c ->
          message.setCarry(
              org.consilium.proto.v1.Carry.newBuilder()
                  .setRoundsMax(c.roundsMax())
                  .setExponent(c.exponent()));
    }
    return message.build();
  }

  private static Late late(org.consilium.proto.v1.Participation p) {
    return p.hasCarry()
        ? new Late.Carry(p.getCarry().getRoundsMax(), p.getCarry().getExponent())
        : Late.DISCARD;
  }

  private static org.consilium.proto.v1.Aggregation aggregation(Aggregation a) {
    return org.consilium.proto.v1.Aggregation.newBuilder()
        .setRule(a.rule().word())
        .setServerLearningRate(a.serverLearningRate())
        .setMomentum(a.momentum())
        .setBeta2(a.beta2())
        .setTau(a.tau())
        .setAdjustment(a.adjustment())
        .setWeighting(
            switch (a.weighting()) {
              case SAMPLES -> org.consilium.proto.v1.Aggregation.Weighting.SAMPLES;
              case UNIFORM -> org.consilium.proto.v1.Aggregation.Weighting.UNIFORM;
            })
        .build();
  }

  private static Aggregation aggregation(org.consilium.proto.v1.Aggregation a) {
    return new Aggregation(
        Aggregation.Rule.of(a.getRule()),
        a.getServerLearningRate(),
        a.getMomentum(),
        a.getBeta2(),
        a.getTau(),
        a.getAdjustment(),
        switch (a.getWeighting()) {
          // Plans from before there was a choice say nothing.
          case SAMPLES, WEIGHTING_UNSPECIFIED -> Aggregation.Weighting.SAMPLES;
          case UNIFORM -> Aggregation.Weighting.UNIFORM;
          case UNRECOGNIZED ->
              throw new IllegalArgumentException(
                  "weighting must be SAMPLES or UNIFORM, got number " + a.getWeightingValue());
        });
  }

  private static org.consilium.proto.v1.Protection protection(Protection protection) {
    var message =
        org.consilium.proto.v1.Protection.newBuilder()
            .setClip(protection.clip())
            .setRange(protection.range())
            .setWeightMax(protection.weightMax())
            .setMinSamples(protection.minSamples())
            .setSmallCell(protection.smallCell());
    switch (protection.exposure()) {
      case Exposure.Sealed(Robust robust, Encoding encoding) -> {
        message.setMode(org.consilium.proto.v1.Protection.Mode.SEALED);
        message.setEncoding(encoding(encoding));
        RobustCodec.encode(robust).ifPresent(message::setRobust);
      }
      case Exposure.Masked(Ring ring) ->
          message.setMode(org.consilium.proto.v1.Protection.Mode.MASKED).setRingBits(ring.bits());
    }
    protection
        .patients()
        .ifPresent(
            p ->
                message.setPatients(
                    org.consilium.proto.v1.PatientPrivacy.newBuilder()
                        .setEpsilon(p.epsilon())
                        .setDelta(p.delta())
                        .setSigma(p.sigma())
                        .setClip(p.clip())
                        .setRate(p.rate())));
    protection
        .central()
        .ifPresent(
            c ->
                message.setCentral(
                    org.consilium.proto.v1.CentralPrivacy.newBuilder()
                        .setEpsilon(c.epsilon())
                        .setDelta(c.delta())
                        .setSigma(c.sigma())));
    return message.build();
  }

  private static Exposure exposure(org.consilium.proto.v1.Protection p) {
    return switch (p.getMode()) {
      case SEALED -> new Exposure.Sealed(RobustCodec.decode(p), encoding(p));
      case MASKED -> {
        RobustCodec.requireNone(p);
        if (encoding(p).narrow()) {
          throw new IllegalArgumentException(
              "encoding %s goes with mode SEALED alone".formatted(encoding(p).word()));
        }
        yield new Exposure.Masked(Ring.of(p.getRingBits()));
      }
      case MODE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException(
              "protection mode must be SEALED or MASKED, got number " + p.getModeValue());
    };
  }

  private static org.consilium.proto.v1.Protection.Encoding encoding(Encoding encoding) {
    return switch (encoding) {
      case FULL -> org.consilium.proto.v1.Protection.Encoding.FULL;
      case INT16 -> org.consilium.proto.v1.Protection.Encoding.INT16;
      case INT8 -> org.consilium.proto.v1.Protection.Encoding.INT8;
    };
  }

  private static Encoding encoding(org.consilium.proto.v1.Protection p) {
    return switch (p.getEncoding()) {
      case FULL -> Encoding.FULL;
      case INT16 -> Encoding.INT16;
      case INT8 -> Encoding.INT8;
      case UNRECOGNIZED ->
          throw new IllegalArgumentException("encoding of number " + p.getEncodingValue());
    };
  }

  private static Protection protection(org.consilium.proto.v1.Protection p) {
    return new Protection(
        exposure(p),
        p.getClip(),
        p.getRange(),
        p.getWeightMax(),
        p.getMinSamples(),
        p.getSmallCell(),
        p.hasPatients() ? Optional.of(patients(p.getPatients())) : Optional.empty(),
        p.hasCentral() ? Optional.of(central(p.getCentral())) : Optional.empty());
  }

  private static CentralPrivacy central(org.consilium.proto.v1.CentralPrivacy c) {
    return new CentralPrivacy(c.getEpsilon(), c.getDelta(), c.getSigma());
  }

  private static PatientPrivacy patients(org.consilium.proto.v1.PatientPrivacy p) {
    return new PatientPrivacy(p.getEpsilon(), p.getDelta(), p.getSigma(), p.getClip(), p.getRate());
  }
}
