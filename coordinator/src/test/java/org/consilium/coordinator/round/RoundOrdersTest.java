package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.coordinator.round.ThreeSites.MODEL;
import static org.consilium.coordinator.round.ThreeSites.PLACE;
import static org.consilium.coordinator.round.ThreeSites.QUORUM;
import static org.consilium.coordinator.round.ThreeSites.SITES;
import static org.consilium.coordinator.round.ThreeSites.T;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.ValidationReport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every order in which the messages of three sites can come, through the machine of a sealed round
 * and through a naive telling of the same rules beside it.
 */
final class RoundOrdersTest {
  private static final int ORDERS_OF_EIGHT = 40_320;

  /** A message, or what the loop says by itself. */
  enum What {
    ACCEPT,
    DECLINE,
    REMOVE,
    LOSE,
    REPORT,
    DEADLINE,
    PUBLISH,
    CLOSE
  }

  record Message(What what, int site) {
    RoundEvent event() {
      SiteId from = SITES.get(site);
      return switch (what) {
        case ACCEPT ->
            new UpdateAccepted(
                T, PLACE, new Accepted(from, Digest.sha256(new byte[] {2}), 1, 100, 1, 1, 100));
        case DECLINE -> new SiteDeclined(T, PLACE, from, "DIVERGED");
        case REMOVE -> new SiteRemoved(T, PLACE, from);
        case LOSE -> new UpdateLost(T, PLACE, from, "a bit flipped", T.plusSeconds(1200));
        case REPORT ->
            new ReportAccepted(
                T,
                from,
                new ValidationReport(
                    new RoundId(new StudyId("drill"), 1), 0, MODEL.version(), 0, 0, List.of()));
        case DEADLINE -> new DeadlinePassed(T, PLACE);
        case PUBLISH ->
            new ModelPublished(
                T, PLACE, MODEL, List.of(3), List.of(), new TreeMap<>(), T.plusSeconds(300));
        case CLOSE -> new ValidationClosed(T, 1);
      };
    }
  }

  private enum Phase {
    COLLECTING,
    AGGREGATING,
    VALIDATING,
    CLOSED,
    ABANDONED
  }

  /** The rules told once more, in sets and without events. */
  private static final class Naive {
    Phase phase = Phase.COLLECTING;
    final Set<Integer> in = new TreeSet<>();
    final Set<Integer> out = new TreeSet<>();
    final Set<Integer> reported = new TreeSet<>();

    /** Takes a message; false if it means nothing now. */
    boolean take(Message m) {
      boolean waited = !in.contains(m.site) && !out.contains(m.site);
      return switch (phase) {
        case COLLECTING ->
            switch (m.what) {
              case ACCEPT -> waited && in.add(m.site) && settled();
              case DECLINE -> waited && out.add(m.site) && settled();
              case REMOVE -> out.add(m.site) && leaves(m.site) && settled();
              case LOSE -> in.remove(m.site);
              case DEADLINE -> to(in.size() >= QUORUM ? Phase.AGGREGATING : Phase.ABANDONED);
              case REPORT, PUBLISH, CLOSE -> false;
            };
        case AGGREGATING ->
            switch (m.what) {
              case REMOVE ->
                  in.remove(m.site)
                      && out.add(m.site)
                      && to(in.size() >= QUORUM ? Phase.AGGREGATING : Phase.ABANDONED);
              case LOSE -> in.remove(m.site) && to(Phase.COLLECTING);
              case PUBLISH -> to(Phase.VALIDATING);
              case ACCEPT, DECLINE, REPORT, DEADLINE, CLOSE -> false;
            };
        case VALIDATING ->
            switch (m.what) {
              case REPORT ->
                  reported.add(m.site)
                      && to(reported.size() == SITES.size() ? Phase.CLOSED : Phase.VALIDATING);
              case CLOSE -> to(Phase.CLOSED);
              case ACCEPT, DECLINE, REMOVE, LOSE, DEADLINE, PUBLISH -> false;
            };
        case CLOSED, ABANDONED -> false;
      };
    }

    private boolean leaves(int site) {
      boolean _ = in.remove(site);
      return true;
    }

    private boolean settled() {
      if (SITES.size() - out.size() < QUORUM) {
        return to(Phase.ABANDONED);
      }
      return in.size() + out.size() < SITES.size() || to(Phase.AGGREGATING);
    }

    private boolean to(Phase next) {
      phase = next;
      return true;
    }
  }

  static Stream<List<Message>> messages() {
    return Stream.of(
        // All is well.
        of("ACCEPT 0, ACCEPT 1, ACCEPT 2, DEADLINE 0, PUBLISH 0, REPORT 0, REPORT 1, REPORT 2"),
        // One declines; one does not report.
        of("ACCEPT 0, ACCEPT 1, DECLINE 2, DEADLINE 0, PUBLISH 0, REPORT 0, REPORT 2, CLOSE 0"),
        // One is shut out, one file is damaged and comes again.
        of("ACCEPT 0, ACCEPT 1, ACCEPT 2, REMOVE 0, LOSE 1, ACCEPT 1, DEADLINE 0, PUBLISH 0"),
        // One says no, one is shut out: too few, unless they were enough before.
        of("ACCEPT 0, ACCEPT 2, DECLINE 1, REMOVE 2, DEADLINE 0, PUBLISH 0, REPORT 0, CLOSE 0"),
        // Two files are damaged.
        of("ACCEPT 0, ACCEPT 1, ACCEPT 2, LOSE 0, LOSE 1, ACCEPT 0, ACCEPT 1, DEADLINE 0"),
        // Everything twice.
        of("ACCEPT 0, ACCEPT 0, ACCEPT 1, ACCEPT 1, DEADLINE 0, PUBLISH 0, PUBLISH 0, REPORT 0"),
        // A deadline for each phase, and a report too many.
        of("ACCEPT 0, ACCEPT 1, DEADLINE 0, DEADLINE 0, PUBLISH 0, CLOSE 0, REPORT 2, CLOSE 0"));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void i2i4_everyOrderOfMessages_machineAgreesWithTheNaiveTelling(List<Message> messages) {
    Map<Phase, Integer> ends = new EnumMap<>(Phase.class);
    int[] orders = {0};

    permute(
        new ArrayList<>(messages),
        0,
        order -> {
          orders[0]++;
          int _ = ends.merge(play(order), 1, Integer::sum);
        });

    assertThat(orders[0]).isEqualTo(ORDERS_OF_EIGHT);
    assertThat(ends.values().stream().mapToInt(n -> n).sum()).isEqualTo(ORDERS_OF_EIGHT);
    assertThat(ends.keySet()).as("orders matter").hasSizeGreaterThan(1);
  }

  private static Phase play(List<Message> order) {
    RoundState state = RoundMachine.open(ThreeSites.opening(0));
    Naive naive = new Naive();
    for (Message message : order) {
      boolean legal = naive.take(message);
      Optional<RoundState> taken = ThreeSites.next(state, message.event());
      RoundState next = taken.orElse(state);
      if (legal != taken.isPresent() || naive.phase != phase(next)) {
        throw new AssertionError(
            "%s: %s in %s is %s here, and leads to %s; expected %s"
                .formatted(
                    order, message, phase(state), legal ? "legal" : "illegal", next, naive.phase));
      }
      state = next;
      if (!sites(naive.in).equals(state.updates().keySet())) {
        throw new AssertionError(
            "%s: %s counts %s, expected %s"
                .formatted(order, message, state.updates().keySet(), naive.in));
      }
      boolean tooFew = state instanceof Validating && state.updates().size() < QUORUM;
      if (tooFew) {
        throw new AssertionError("%s: published without a quorum".formatted(order));
      }
    }
    return phase(state);
  }

  private static Set<SiteId> sites(Set<Integer> numbers) {
    Set<SiteId> sites = new TreeSet<>();
    numbers.forEach(n -> sites.add(SITES.get(n)));
    return sites;
  }

  private static Phase phase(RoundState state) {
    return switch (state) {
      case Collecting _ -> Phase.COLLECTING;
      case Aggregating _ -> Phase.AGGREGATING;
      case Validating _ -> Phase.VALIDATING;
      case Closed _ -> Phase.CLOSED;
      case Abandoned _ -> Phase.ABANDONED;
      case Unmasking _, Watching _, Watched _ -> throw new AssertionError("no sealed round's");
    };
  }

  private static List<Message> of(String text) {
    return Stream.of(text.split(", ", -1))
        .map(word -> word.split(" ", -1))
        .map(w -> new Message(What.valueOf(w[0]), Integer.parseInt(w[1])))
        .toList();
  }

  private static void permute(
      List<Message> messages, int from, java.util.function.Consumer<List<Message>> visit) {
    if (from == messages.size() - 1) {
      visit.accept(messages);
      return;
    }
    for (int i = from; i < messages.size(); i++) {
      Collections.swap(messages, from, i);
      permute(messages, from + 1, visit);
      Collections.swap(messages, from, i);
    }
  }
}
