package org.consilium.site.session;

import com.google.protobuf.ByteString;
import org.consilium.proto.v1.Refusal;
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

  private static Refusal refusal(Why why) {
    return Refusal.valueOf(why.name());
  }
}
