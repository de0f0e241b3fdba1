package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.Set;

/**
 * How a site trains in one round.
 *
 * @param localEpochs passes over the site's training set
 * @param localSteps optimiser steps instead of passes; 0 counts passes
 * @param batchSize examples a step
 * @param optimiser how a gradient becomes a step
 * @param schedule how the learning rate moves over the study
 * @param proximalMu FedProx strength (Li et al. 2020); 0 is none
 * @param input how an image becomes numbers
 * @param personal what a site makes for itself beside the shared model
 * @param localBaseline whether the site also trains a local-only model for comparison
 */
public record Training(
    int localEpochs,
    int localSteps,
    int batchSize,
    Optimiser optimiser,
    Schedule schedule,
    double proximalMu,
    Input input,
    Personal personal,
    boolean localBaseline) {
  public Training {
    check(localEpochs >= 1 && localEpochs <= 1000, "localEpochs must be 1-1000", localEpochs);
    check(localSteps >= 0 && localSteps <= 100_000, "localSteps must be 0-100000", localSteps);
    check(batchSize >= 1 && batchSize <= 4096, "batchSize must be 1-4096", batchSize);
    check(proximalMu >= 0 && proximalMu <= 100, "proximalMu must be in [0, 100]", proximalMu);
  }

  /** The same without FedProx's pull. */
  public Training withoutProximalTerm() {
    return withProximalTerm(0);
  }

  /** The same with another strength of the pull. */
  public Training withProximalTerm(double mu) {
    return new Training(
        localEpochs,
        localSteps,
        batchSize,
        optimiser,
        schedule,
        mu,
        input,
        personal,
        localBaseline);
  }

  /** The same with another number of steps a round; 0 counts passes. */
  public Training withLocalSteps(int steps) {
    return new Training(
        localEpochs,
        steps,
        batchSize,
        optimiser,
        schedule,
        proximalMu,
        input,
        personal,
        localBaseline);
  }

  /** How tune-after goes on: its steps at its rate, as one round without any pull. */
  public Training tuning() {
    double rate = personal.learningRate > 0 ? personal.learningRate : optimiser.learningRate;
    return new Training(
        localEpochs,
        personal.steps,
        batchSize,
        optimiser.withLearningRate(rate),
        new Schedule(1, 0, schedule.cosine, schedule.averaging),
        0,
        input,
        personal,
        localBaseline);
  }

  /**
   * How a gradient becomes a step.
   *
   * @param name adamw or sgd
   * @param learningRate step size
   * @param weightDecay decoupled decay
   * @param momentum of sgd; 0 for adamw
   * @param gradientClip largest L2 norm of a step's gradient; 0 is no bound
   * @param layerDecay factor on the learning rate for each layer further from the head; 1 is none
   */
  public record Optimiser(
      String name,
      double learningRate,
      double weightDecay,
      double momentum,
      double gradientClip,
      double layerDecay) {
    public Optimiser {
      check(Set.of("adamw", "sgd").contains(name), "optimiser must be adamw or sgd", name);
      check(
          learningRate > 0 && learningRate <= 10, "learningRate must be in (0, 10]", learningRate);
      check(weightDecay >= 0 && weightDecay <= 1, "weightDecay must be in [0, 1]", weightDecay);
      check(
          momentum >= 0 && momentum < 1 && (name.equals("sgd") || momentum == 0),
          "momentum must be in [0, 1) for sgd and left out otherwise",
          momentum);
      check(
          gradientClip >= 0 && gradientClip <= 1e6,
          "gradientClip must be in [0, 1e6]",
          gradientClip);
      check(layerDecay > 0 && layerDecay <= 1, "layerDecay must be in (0, 1]", layerDecay);
    }

    /** The same with another step size. */
    public Optimiser withLearningRate(double other) {
      return new Optimiser(name, other, weightDecay, momentum, gradientClip, layerDecay);
    }
  }

  /**
   * How the learning rate moves over the study.
   *
   * @param firstRoundFactor factor in round 1
   * @param warmupRounds rounds, whole or in parts, over which it rises from zero
   * @param cosine whether it falls to zero over the study's rounds
   * @param averaging decay of the moving average of a round's steps that is sent instead of the
   *     last step; 0 sends the last step
   */
  public record Schedule(
      double firstRoundFactor, double warmupRounds, boolean cosine, double averaging) {
    public Schedule {
      check(
          firstRoundFactor > 0 && firstRoundFactor <= 1,
          "firstRoundFactor must be in (0, 1]",
          firstRoundFactor);
      check(
          warmupRounds >= 0 && warmupRounds <= Limits.ROUNDS_MAX,
          "warmupRounds must be 0-" + Limits.ROUNDS_MAX,
          warmupRounds);
      check(averaging >= 0 && averaging < 1, "averaging must be in [0, 1)", averaging);
    }
  }

  /**
   * How an image becomes numbers.
   *
   * @param augmentation none, weak, strong, upright (strong, never mirrored) or turns (quarter
   *     turns)
   * @param normalisation fixed (the plan's mean and deviation) or image (each image by itself)
   * @param mean grey level 0-1 subtracted under {@code fixed}
   * @param deviation grey level 0-1 divided by under {@code fixed}
   */
  public record Input(String augmentation, String normalisation, double mean, double deviation) {
    public Input {
      check(
          Set.of("none", "weak", "strong", "upright", "turns").contains(augmentation),
          "augmentation must be none, weak, strong, upright or turns",
          augmentation);
      check(
          Set.of("fixed", "image").contains(normalisation),
          "normalisation must be fixed or image",
          normalisation);
      check(mean >= 0 && mean <= 1, "mean must be in [0, 1]", mean);
      check(deviation > 0 && deviation <= 1, "deviation must be in (0, 1]", deviation);
    }
  }

  /**
   * What a site makes for itself beside the shared model. It never leaves.
   *
   * @param method none, ditto (a model of its own, pulled towards the shared one; Li et al. 2021)
   *     or tune-after (the last shared model trained further)
   * @param lambda strength of ditto's pull
   * @param steps of tune-after
   * @param learningRate of tune-after; 0 is the study's
   */
  public record Personal(String method, double lambda, int steps, double learningRate) {
    /** Nothing. */
    public static final Personal NONE = new Personal("none", 0, 0, 0);

    public Personal {
      check(
          Set.of("none", "ditto", "tune-after").contains(method),
          "personal must be none, ditto or tune-after",
          method);
      check(
          method.equals("ditto") ? lambda > 0 && lambda <= 100 : lambda == 0,
          "personal.lambda must be in (0, 100] for ditto and left out otherwise",
          lambda);
      check(
          method.equals("tune-after") ? steps >= 1 && steps <= 100_000 : steps == 0,
          "personal.steps must be 1-100000 for tune-after and left out otherwise",
          steps);
      check(
          learningRate >= 0
              && learningRate <= 10
              && (method.equals("tune-after") || learningRate == 0),
          "personal.learningRate must be in [0, 10] for tune-after and left out otherwise",
          learningRate);
    }

    /** Whether there is such a model. */
    public boolean wanted() {
      return !method.equals("none");
    }

    /** Whether it is pulled towards the shared model round by round. */
    public boolean ditto() {
      return method.equals("ditto");
    }

    /** Whether it is the last shared model trained further. */
    public boolean tunesAfter() {
      return method.equals("tune-after");
    }
  }
}
