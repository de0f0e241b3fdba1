package org.consilium.site.session;

import com.google.protobuf.ByteString;
import java.time.Instant;
import org.consilium.proto.v1.Refusal;
import org.consilium.proto.v1.SiteHours;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.StudyDecision;
import org.consilium.proto.v1.TaskState;
import org.consilium.site.policy.Why;

/** Answers as messages: numbers and fixed words only, no free text. */
final class AnswerCodec {
  private AnswerCodec() {}

  static SiteMessage encode(Answer answer) {
    return switch (answer) {
      case Answer.Decision d ->
          SiteMessage.newBuilder()
              .setDecision(
                  StudyDecision.newBuilder()
                      .setStudy(d.study().value())
                      .setStudyDigest(ByteString.copyFrom(d.digest().bytes()))
                      .setAccepted(d.refusal().isEmpty())
                      .setRefusal(
                          d.refusal().map(AnswerCodec::refusal).orElse(Refusal.REFUSAL_UNSPECIFIED))
                      .setSamples(d.samples()))
              .build();
      case Answer.Hours h ->
          SiteMessage.newBuilder()
              .setHours(
                  SiteHours.newBuilder()
                      .setStudy(h.study().value())
                      .setState(h.open() ? SiteHours.State.OPEN : SiteHours.State.NOT_NOW)
                      .setOpensHour(h.opens().map(AnswerCodec::hour).orElse(0)))
              .build();
      case Answer.Progress p ->
          SiteMessage.newBuilder()
              .setTaskState(
                  TaskState.newBuilder()
                      .setStudy(p.study().value())
                      .setRound(p.round())
                      .setWindow(p.window())
                      .setPhase(TaskState.Phase.valueOf(p.phase().name()))
                      .setRefusal(
                          p.refusal()
                              .map(AnswerCodec::refusal)
                              .orElse(Refusal.REFUSAL_UNSPECIFIED)))
              .build();
    };
  }

  /** Whole hours since 1970, rounded up: to the minute is more than a consortium needs to know. */
  private static int hour(Instant opens) {
    return Math.toIntExact(Math.ceilDiv(opens.getEpochSecond(), 3600L));
  }

  private static Refusal refusal(Why why) {
    return Refusal.valueOf(why.name());
  }
}
