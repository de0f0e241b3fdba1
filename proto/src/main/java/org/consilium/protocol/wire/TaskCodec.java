package org.consilium.protocol.wire;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.proto.v1.ProtectionTerms;
import org.consilium.proto.v1.Task;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.RoundTask.Kind;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.protocol.RoundTask.Participant;
import org.consilium.protocol.RoundTask.Terms;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/** Tasks as bytes. */
public final class TaskCodec {
  private TaskCodec() {}

  /** The task's bytes. */
  public static byte[] encode(RoundTask task) {
    Task.Builder m =
        Task.newBuilder()
            .setKind(task.kind() == Kind.TRAIN ? Task.Kind.TRAIN : Task.Kind.VALIDATE)
            .setStudy(task.study().value())
            .setStudyDigest(Decoding.bytes(task.studyDigest()))
            .setRound(task.round())
            .setAttempt(task.attempt())
            .setWindow(task.window())
            .setModel(
                org.consilium.proto.v1.ModelReference.newBuilder()
                    .setVersion(Decoding.bytes(task.model().version().digest()))
                    .setFileBytes(task.model().fileBytes())
                    .setLayoutDigest(Decoding.bytes(task.model().layoutDigest())))
            .setRemainingMillis(task.remaining().toMillis());
    task.terms().ifPresent(terms -> m.setTerms(message(terms)));
    return m.build().toByteArray();
  }

  /** The task in {@code body}. */
  public static RoundTask decode(byte[] body) {
    return Decoding.decode("task", body, Limits.MESSAGE_BYTES_MAX, Task.parser(), TaskCodec::task);
  }

  private static ProtectionTerms message(Terms terms) {
    return ProtectionTerms.newBuilder()
        .setFederation(terms.federation())
        .addAllParticipants(
            terms.participants().stream()
                .map(
                    p ->
                        org.consilium.proto.v1.Participant.newBuilder()
                            .setSite(p.site().value())
                            .setSigningKeyDigest(Decoding.bytes(p.signingKey()))
                            .setWeight(p.weight())
                            .build())
                .toList())
        .setQuorum(terms.quorum())
        .setClip(terms.clip())
        .setWeightMax(terms.weightMax())
        .setReferenceSamples(terms.referenceSamples())
        .addAllScaleExponents(terms.scaleExponents())
        .setAggregationKey(ByteString.copyFrom(terms.aggregationKey()))
        .addAllAggregationChain(
            terms.aggregationChain().stream().map(ByteString::copyFrom).toList())
        .setThreshold(terms.threshold())
        .setRingBits(terms.threshold() == 0 ? 0 : terms.ring().bits())
        .build();
  }

  private static RoundTask task(Task m) {
    Kind kind =
        switch (m.getKind()) {
          case TRAIN -> Kind.TRAIN;
          case VALIDATE -> Kind.VALIDATE;
          case KIND_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException(
                  "kind must be TRAIN or VALIDATE, got number " + m.getKindValue());
        };
    Optional<Terms> terms = m.hasTerms() ? Optional.of(terms(m.getTerms())) : Optional.empty();
    return new RoundTask(
        kind,
        new StudyId(m.getStudy()),
        Decoding.digest(m.getStudyDigest()),
        m.getRound(),
        m.getAttempt(),
        m.getWindow(),
        new ModelReference(
            new ModelVersion(Decoding.digest(m.getModel().getVersion())),
            m.getModel().getFileBytes(),
            Decoding.digest(m.getModel().getLayoutDigest())),
        Duration.ofMillis(m.getRemainingMillis()),
        terms);
  }

  private static Terms terms(ProtectionTerms t) {
    List<Participant> participants =
        t.getParticipantsList().stream()
            .map(
                p ->
                    new Participant(
                        new SiteId(p.getSite()),
                        Decoding.digest(p.getSigningKeyDigest()),
                        p.getWeight()))
            .toList();
    return new Terms(
        t.getFederation(),
        participants,
        t.getQuorum(),
        t.getClip(),
        t.getWeightMax(),
        t.getReferenceSamples(),
        t.getScaleExponentsList(),
        t.getAggregationKey().toByteArray(),
        t.getAggregationChainList().stream().map(ByteString::toByteArray).toList(),
        t.getThreshold(),
        t.getRingBits() == 0 ? Exposure.Ring.BITS_32 : Exposure.Ring.of(t.getRingBits()));
  }
}
