package org.consilium.coordinator.study;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.RoundTask.Kind;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.protocol.RoundTask.Participant;
import org.consilium.protocol.RoundTask.Terms;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.protocol.wire.TaskCodec;

/**
 * Writes and signs what a study says to its sites.
 *
 * @param sent whether a message about something need not be written again
 */
record Messages(
    StudyPlan plan,
    Digest digest,
    Digest layout,
    Surroundings around,
    StudyEvent.Created created,
    Predicate<String> sent) {

  Optional<Outgoing> proposal() {
    return signed(
        SignedKind.PROPOSAL,
        "proposal/" + plan.study(),
        () -> PlanCodec.proposal(created.planBytes()));
  }

  /** The task that a site has in a round or window, if it has one. */
  Optional<Outgoing> task(
      RoundState round, SiteId site, Duration remaining, int roundsOver, StudyEffects effects) {
    return switch (round) {
      case Collecting c when c.awaits(site) ->
          signed(
              "train/%s/%d/%d/%d"
                  .formatted(plan.study(), c.opening().number(), c.opening().attempt(), c.losses()),
              () ->
                  new RoundTask(
                      Kind.TRAIN,
                      plan.study(),
                      digest,
                      c.opening().number(),
                      c.opening().attempt(),
                      0,
                      reference(c.opening().base()),
                      remaining,
                      Optional.of(terms(c.opening(), effects))));
      case Validating v when v.awaits(site) ->
          validate(v.opening().number(), v.opening().attempt(), 0, v.model(), remaining);
      case Watching w when w.awaits(site) ->
          validate(roundsOver, 1, w.window(), w.model(), remaining);
      case Collecting _,
          Unmasking _,
          Validating _,
          Watching _,
          Aggregating _,
          Closed _,
          Abandoned _,
          Watched _ ->
          Optional.empty();
    };
  }

  private Optional<Outgoing> validate(
      int round, int attempt, int window, Model model, Duration remaining) {
    return signed(
        "validate/%s/%d/%d".formatted(plan.study(), round, window),
        () ->
            new RoundTask(
                Kind.VALIDATE,
                plan.study(),
                digest,
                round,
                attempt,
                window,
                reference(model),
                remaining,
                Optional.empty()));
  }

  private Optional<Outgoing> signed(String about, Supplier<RoundTask> task) {
    return signed(SignedKind.TASK, about, () -> TaskCodec.encode(task.get()));
  }

  private Optional<Outgoing> signed(SignedKind kind, String about, Supplier<byte[]> body) {
    return sent.test(about)
        ? Optional.empty()
        : Optional.of(Outgoing.signed(kind, about, body.get(), around.signer().key()));
  }

  private ModelReference reference(Model model) {
    return new ModelReference(model.version(), model.fileBytes(), layout);
  }

  private Terms terms(Opening opening, StudyEffects effects) {
    List<Participant> participants =
        opening.members().stream()
            .map(m -> new Participant(m.site(), m.signingKey(), m.weight()))
            .toList();
    return new Terms(
        around.federation(),
        participants,
        opening.quorum(),
        plan.protection().clip(),
        plan.protection().weightMax(),
        opening.referenceSamples(),
        opening.scaleExponents(),
        effects.aggregationKey(),
        created.aggregationChain(),
        opening.threshold(),
        plan.protection().exposure().ring());
  }
}
