package org.consilium.protocol.wire;

import com.google.protobuf.ByteString;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.Training;
import org.consilium.protocol.Training.Input;
import org.consilium.protocol.Training.Optimiser;
import org.consilium.protocol.Training.Personal;
import org.consilium.protocol.Training.Schedule;

/** What a plan says of learning, as messages. An illegal one is an IllegalArgumentException. */
final class LearningCodec {
  private LearningCodec() {}

  static org.consilium.proto.v1.Foundation encode(Foundation foundation) {
    return org.consilium.proto.v1.Foundation.newBuilder()
        .setName(foundation.name())
        .setVersion(ByteString.copyFrom(foundation.version().digest().bytes()))
        .setFileBytes(foundation.fileBytes())
        .build();
  }

  static Foundation decode(org.consilium.proto.v1.Foundation m) {
    return new Foundation(
        m.getName(), new ModelVersion(Digest.of(m.getVersion().toByteArray())), m.getFileBytes());
  }

  static org.consilium.proto.v1.LearningTask encode(Task task) {
    return org.consilium.proto.v1.LearningTask.newBuilder()
        .setType(
            switch (task.type()) {
              case CLASSIFICATION -> org.consilium.proto.v1.LearningTask.Type.CLASSIFICATION;
              case MULTILABEL -> org.consilium.proto.v1.LearningTask.Type.MULTILABEL;
              case SEGMENTATION -> org.consilium.proto.v1.LearningTask.Type.SEGMENTATION;
              case MASKED -> org.consilium.proto.v1.LearningTask.Type.MASKED;
              case CONTRASTIVE -> org.consilium.proto.v1.LearningTask.Type.CONTRASTIVE;
              case IMAGE_TEXT -> org.consilium.proto.v1.LearningTask.Type.IMAGE_TEXT;
            })
        .setCorrection(task.correction())
        .build();
  }

  static Task decode(org.consilium.proto.v1.LearningTask m) {
    Task.Type type =
        switch (m.getType()) {
          case CLASSIFICATION -> Task.Type.CLASSIFICATION;
          case MULTILABEL -> Task.Type.MULTILABEL;
          case SEGMENTATION -> Task.Type.SEGMENTATION;
          case MASKED -> Task.Type.MASKED;
          case CONTRASTIVE -> Task.Type.CONTRASTIVE;
          case IMAGE_TEXT -> Task.Type.IMAGE_TEXT;
          case TYPE_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException("task.type: number " + m.getTypeValue());
        };
    return new Task(type, m.getCorrection());
  }

  static org.consilium.proto.v1.Tuning encode(Tuning tuning) {
    return org.consilium.proto.v1.Tuning.newBuilder()
        .setRegime(
            switch (tuning.regime()) {
              case FULL -> org.consilium.proto.v1.Tuning.Regime.FULL;
              case PROBE -> org.consilium.proto.v1.Tuning.Regime.PROBE;
              case LAST_BLOCKS -> org.consilium.proto.v1.Tuning.Regime.LAST_BLOCKS;
              case FFA_LORA -> org.consilium.proto.v1.Tuning.Regime.FFA_LORA;
              case LORA -> org.consilium.proto.v1.Tuning.Regime.LORA;
              case BITFIT -> org.consilium.proto.v1.Tuning.Regime.BITFIT;
            })
        .setLastBlocks(tuning.lastBlocks())
        .setRank(tuning.rank())
        .setAlpha(tuning.alpha())
        .setLocal(
            switch (tuning.local()) {
              case NOTHING -> org.consilium.proto.v1.Tuning.Local.NOTHING;
              case HEAD -> org.consilium.proto.v1.Tuning.Local.HEAD;
              case NORMS -> org.consilium.proto.v1.Tuning.Local.NORMS;
            })
        .build();
  }

  static Tuning decode(org.consilium.proto.v1.Tuning m) {
    Tuning.Regime regime =
        switch (m.getRegime()) {
          case FULL -> Tuning.Regime.FULL;
          case PROBE -> Tuning.Regime.PROBE;
          case LAST_BLOCKS -> Tuning.Regime.LAST_BLOCKS;
          case FFA_LORA -> Tuning.Regime.FFA_LORA;
          case LORA -> Tuning.Regime.LORA;
          case BITFIT -> Tuning.Regime.BITFIT;
          case REGIME_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException("tuning.regime: number " + m.getRegimeValue());
        };
    Tuning.Local local =
        switch (m.getLocal()) {
          case NOTHING -> Tuning.Local.NOTHING;
          case HEAD -> Tuning.Local.HEAD;
          case NORMS -> Tuning.Local.NORMS;
          case LOCAL_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException("tuning.local: number " + m.getLocalValue());
        };
    return new Tuning(regime, m.getLastBlocks(), m.getRank(), m.getAlpha(), local);
  }

  static org.consilium.proto.v1.Training encode(Training training) {
    return org.consilium.proto.v1.Training.newBuilder()
        .setLocalEpochs(training.localEpochs())
        .setLocalSteps(training.localSteps())
        .setBatchSize(training.batchSize())
        .setOptimiser(encode(training.optimiser()))
        .setSchedule(
            org.consilium.proto.v1.Schedule.newBuilder()
                .setFirstRoundFactor(training.schedule().firstRoundFactor())
                .setWarmupRounds(training.schedule().warmupRounds())
                .setCosine(training.schedule().cosine())
                .setAveraging(training.schedule().averaging()))
        .setProximalMu(training.proximalMu())
        .setInput(
            org.consilium.proto.v1.Input.newBuilder()
                .setAugmentation(training.input().augmentation())
                .setNormalisation(training.input().normalisation())
                .setMean(training.input().mean())
                .setDeviation(training.input().deviation()))
        .setPersonal(
            org.consilium.proto.v1.Personal.newBuilder()
                .setMethod(training.personal().method())
                .setLambda(training.personal().lambda())
                .setSteps(training.personal().steps())
                .setLearningRate(training.personal().learningRate()))
        .setLocalBaseline(training.localBaseline())
        .build();
  }

  private static org.consilium.proto.v1.Optimiser encode(Optimiser optimiser) {
    return org.consilium.proto.v1.Optimiser.newBuilder()
        .setName(optimiser.name())
        .setLearningRate(optimiser.learningRate())
        .setWeightDecay(optimiser.weightDecay())
        .setMomentum(optimiser.momentum())
        .setGradientClip(optimiser.gradientClip())
        .setLayerDecay(optimiser.layerDecay())
        .build();
  }

  static Training decode(org.consilium.proto.v1.Training t) {
    var optimiser = t.getOptimiser();
    var schedule = t.getSchedule();
    var input = t.getInput();
    var personal = t.getPersonal();
    return new Training(
        t.getLocalEpochs(),
        t.getLocalSteps(),
        t.getBatchSize(),
        new Optimiser(
            optimiser.getName(),
            optimiser.getLearningRate(),
            optimiser.getWeightDecay(),
            optimiser.getMomentum(),
            optimiser.getGradientClip(),
            optimiser.getLayerDecay()),
        new Schedule(
            schedule.getFirstRoundFactor(),
            schedule.getWarmupRounds(),
            schedule.getCosine(),
            schedule.getAveraging()),
        t.getProximalMu(),
        new Input(
            input.getAugmentation(),
            input.getNormalisation(),
            input.getMean(),
            input.getDeviation()),
        new Personal(
            personal.getMethod(),
            personal.getLambda(),
            personal.getSteps(),
            personal.getLearningRate()),
        t.getLocalBaseline());
  }
}
