package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.Locale;
import java.util.Optional;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.StudyPlan.Participation;
import org.consilium.protocol.StudyPlan.Protection;
import org.consilium.protocol.Training.Optimiser;

/** Which algorithms go with which local training: parts of a plan that are legal by themselves. */
final class Combination {
  private Combination() {}

  static void require(Aggregation aggregation, Training training, Protection protection) {
    switch (aggregation.rule()) {
      case SCAFFOLD -> scaffold(training);
      case FEDNOVA -> nova(training, protection);
      case FEDDG_GA ->
          check(
              protection.weightMax() >= 8,
              "algorithm feddg-ga needs a weightMax of at least 8: its weights are whole numbers",
              protection.weightMax());
      case FEDEMA ->
          check(
              training.proximalMu() == 0,
              "algorithm fedema does not go with FedProx's pull",
              training.proximalMu());
      case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD -> {}
    }
  }

  /** A robust rule needs to know what each delta is, and enough of them in every round. */
  static void requireRobust(
      Aggregation aggregation, Protection protection, Participation participation) {
    Robust robust = protection.exposure().robustRule();
    if (robust instanceof Robust.None) {
      return;
    }
    String word = robust.word();
    check(
        participation.sites().size() <= Limits.PAIRED_PARTICIPANTS_MAX,
        "sites must be at most %d with algorithm robust %s, which compares single updates"
            .formatted(Limits.PAIRED_PARTICIPANTS_MAX, word),
        participation.sites().size());
    switch (aggregation.rule()) {
      case FEDNOVA, SCAFFOLD, FEDDG_GA, FEDEMA ->
          check(
              false,
              "algorithm robust %s goes with fedavg, fedprox, fedavgm, fedadam, fedyogi and fedadagrad"
                  .formatted(word),
              aggregation.rule().word());
      case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD -> {}
    }
    check(
        !robust.byCoordinate() || aggregation.weighting() == Weighting.UNIFORM,
        "algorithm robust %s needs weighting uniform: it counts sites, not examples"
            .formatted(word),
        aggregation.weighting().name().toLowerCase(Locale.ROOT));
    Optional<String> unmet = robust.unmet(participation.quorum());
    check(
        unmet.isEmpty(),
        "algorithm robust: a round may count with the quorum, and then " + unmet.orElse(""),
        "quorum " + participation.quorum());
  }

  /** c − cₖ corrects gradients, and cₖ is read off the way that plain steps of one rate went. */
  private static void scaffold(Training training) {
    Optimiser optimiser = training.optimiser();
    check(
        optimiser.name().equals("sgd"),
        "algorithm scaffold needs optimiser sgd: it corrects the gradient of plain descent",
        optimiser.name());
    check(
        optimiser.momentum() == 0,
        "algorithm scaffold needs momentum 0: it reads a site's gradient off the way it went",
        optimiser.momentum());
    check(
        optimiser.layerDecay() == 1,
        "algorithm scaffold needs layerDecay 1: all layers must move at one rate",
        optimiser.layerDecay());
    plainWay(Rule.SCAFFOLD, training);
  }

  /** aₖ is known for plain descent, with or without momentum. */
  private static void nova(Training training, Protection protection) {
    check(
        training.optimiser().name().equals("sgd"),
        "algorithm fednova needs optimiser sgd: how far adaptive steps lead is not known",
        training.optimiser().name());
    check(
        protection.range() >= 1,
        "algorithm fednova needs a range of at least 1: a site's number of steps travels in it",
        protection.range());
    plainWay(Rule.FEDNOVA, training);
  }

  private static void plainWay(Rule rule, Training training) {
    check(
        training.schedule().averaging() == 0,
        "algorithm %s needs averaging 0: what is sent must be where the steps led"
            .formatted(rule.word()),
        training.schedule().averaging());
    check(
        training.proximalMu() == 0,
        "algorithm %s does not go with FedProx's pull".formatted(rule.word()),
        training.proximalMu());
  }
}
