package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.coordinator.round.ThreeSites.MODEL;
import static org.consilium.coordinator.round.ThreeSites.PLACE;
import static org.consilium.coordinator.round.ThreeSites.SITES;
import static org.consilium.coordinator.round.ThreeSites.SOME;
import static org.consilium.coordinator.round.ThreeSites.T;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

/**
 * Every order, however long, in which the messages of three sites can come in a masked round: each
 * state that can be reached is given every message there is, and a naive telling of the same rules
 * beside it. Orders that lead to one state go on alike, so that each state is looked at once.
 */
final class MaskOrdersTest {
  private static final Place FORMER = new Place(1, 0);
  private static final int THRESHOLD = 2;
  private static final int ALL = 0b111;
  private static final int LOSSES_TRIED = 2;

  /** A message, or what the loop says by itself. */
  private enum What {
    KEYS,
    PARCELS,
    ACCEPT,
    DECLINE,
    COMPLAIN,
    CONSENT,
    RELEASE,
    REMOVE,
    LOSE,
    REFUSE_SHARES,
    CLOSE_KEYS,
    CLOSE_PARCELS,
    DEADLINE,
    REFUSE_SUM,
    PUBLISH;

    boolean ofOneSite() {
      return switch (this) {
        case KEYS,
            PARCELS,
            ACCEPT,
            DECLINE,
            COMPLAIN,
            CONSENT,
            RELEASE,
            REMOVE,
            LOSE,
            REFUSE_SHARES ->
            true;
        case CLOSE_KEYS, CLOSE_PARCELS, DEADLINE, REFUSE_SUM, PUBLISH -> false;
      };
    }
  }

  private record Message(What what, int site, Place place) {
    int bit() {
      return 1 << site;
    }

    RoundEvent event() {
      SiteId from = SITES.get(site);
      return switch (what) {
        case KEYS -> new MaskTaken(T, place, from, Kind.KEYS, SOME);
        case PARCELS -> new MaskTaken(T, place, from, Kind.PARCELS, SOME);
        case CONSENT -> new MaskTaken(T, place, from, Kind.CONSENT, SOME);
        case RELEASE -> new MaskTaken(T, place, from, Kind.RELEASE, SOME);
        case COMPLAIN ->
            new DealerBlamed(
                T, place, from, SITES.get((site + 1) % 3), Complaint.Why.COMMITMENT, SOME);
        case ACCEPT -> new UpdateAccepted(T, place, new Accepted(from, SOME, 1, 100, 1, 1, 100));
        case DECLINE -> new SiteDeclined(T, place, from, "DIVERGED");
        case REMOVE -> new SiteRemoved(T, place, from);
        case LOSE -> new UpdateLost(T, place, from, "a bit flipped", T.plusSeconds(600));
        case REFUSE_SHARES -> new SharesRefused(T, place, List.of(from));
        case CLOSE_KEYS -> new MaskPhaseClosed(T, place, Kind.KEYS);
        case CLOSE_PARCELS -> new MaskPhaseClosed(T, place, Kind.PARCELS);
        case DEADLINE -> new DeadlinePassed(T, place);
        case REFUSE_SUM -> new SumRefused(T, place, "weights");
        case PUBLISH ->
            new ModelPublished(
                T, place, MODEL, List.of(3), List.of(), new TreeMap<>(), T.plusSeconds(300));
      };
    }
  }

  private enum Phase {
    KEYING,
    SHARING,
    UPLOADING,
    CONSENTING,
    RELEASING,
    AGGREGATING,
    PUBLISHED,
    ABANDONED,
    BURNT;

    boolean over() {
      return this == PUBLISHED || this == ABANDONED || this == BURNT;
    }
  }

  /** The rules told once more; a set of sites is three bits. */
  private record Naive(
      Phase phase,
      int keys,
      int parcels,
      int complaints,
      int in,
      int out,
      int consents,
      int releases,
      int wrong) {
    static Naive start() {
      return new Naive(Phase.KEYING, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    /** Takes a message; empty if it means nothing now. */
    Optional<Naive> take(Message m) {
      if (m.place.equals(FORMER)) {
        return Optional.empty();
      }
      return switch (phase) {
        case KEYING, SHARING, UPLOADING -> collecting(m);
        case CONSENTING, RELEASING -> unmasking(m);
        case AGGREGATING -> aggregating(m);
        case PUBLISHED, ABANDONED, BURNT -> Optional.empty();
      };
    }

    private Optional<Naive> collecting(Message m) {
      int bit = m.bit();
      boolean waited = lacks(in | out, bit);
      return switch (m.what) {
        case KEYS ->
            legal(phase == Phase.KEYING && waited && lacks(keys, bit), keys(keys | bit).settled());
        case PARCELS ->
            legal(
                phase == Phase.SHARING && waited && has(keys, bit) && lacks(parcels, bit),
                parcels(parcels | bit).settled());
        case ACCEPT ->
            legal(phase == Phase.UPLOADING && waited && has(parcels, bit), in(in | bit).settled());
        case DECLINE -> legal(waited, out(out | bit).settled());
        case REMOVE -> legal(lacks(out, bit), in(in & ~bit).out(out | bit).settled());
        case LOSE -> legal(has(in, bit), in(in & ~bit));
        case COMPLAIN ->
            legal(
                phase == Phase.UPLOADING
                    && has(parcels, bit)
                    && lacks(in, bit)
                    && lacks(complaints, bit),
                complaints(complaints | bit));
        case CLOSE_KEYS -> legal(phase == Phase.KEYING, out(out | (ALL & ~keys)).settled());
        case CLOSE_PARCELS -> legal(phase == Phase.SHARING, out(out | (ALL & ~parcels)).settled());
        case DEADLINE ->
            Optional.of(to(size(in) >= THRESHOLD ? Phase.CONSENTING : Phase.ABANDONED));
        case CONSENT, RELEASE, REFUSE_SHARES, REFUSE_SUM, PUBLISH -> Optional.empty();
      };
    }

    private Optional<Naive> unmasking(Message m) {
      return switch (m.what) {
        case CONSENT, RELEASE -> said(m).map(Naive::unmasked);
        case DEADLINE -> Optional.of(to(Phase.BURNT));
        case KEYS,
            PARCELS,
            ACCEPT,
            DECLINE,
            COMPLAIN,
            REMOVE,
            LOSE,
            REFUSE_SHARES,
            CLOSE_KEYS,
            CLOSE_PARCELS,
            REFUSE_SUM,
            PUBLISH ->
            Optional.empty();
      };
    }

    private Optional<Naive> aggregating(Message m) {
      return switch (m.what) {
        case CONSENT, RELEASE -> said(m);
        case REFUSE_SHARES -> {
          Naive fewer = wrong(wrong | m.bit());
          yield Optional.of(
              size(in & ~fewer.wrong) < THRESHOLD
                  ? fewer.to(Phase.BURNT)
                  : fewer.to(Phase.RELEASING).unmasked());
        }
        case REFUSE_SUM -> Optional.of(to(Phase.BURNT));
        case LOSE -> legal(has(in, m.bit()), to(Phase.BURNT));
        case PUBLISH -> Optional.of(to(Phase.PUBLISHED));
        case KEYS,
            PARCELS,
            ACCEPT,
            DECLINE,
            COMPLAIN,
            REMOVE,
            CLOSE_KEYS,
            CLOSE_PARCELS,
            DEADLINE ->
            Optional.empty();
      };
    }

    /** A survivor's consent or share. */
    private Optional<Naive> said(Message m) {
      int bit = m.bit();
      return m.what == What.CONSENT
          ? legal(has(in, bit) && lacks(consents, bit), consents(consents | bit))
          : legal(
              phase != Phase.CONSENTING && has(in, bit) && lacks(releases, bit),
              releases(releases | bit));
    }

    private Naive unmasked() {
      Naive now =
          phase == Phase.CONSENTING && size(consents) >= THRESHOLD ? to(Phase.RELEASING) : this;
      return size(now.releases & ~now.wrong) >= THRESHOLD ? now.to(Phase.AGGREGATING) : now;
    }

    private Naive settled() {
      if (size(ALL & ~out) < THRESHOLD) {
        return to(Phase.ABANDONED);
      }
      if ((in | out) == ALL) {
        return to(Phase.CONSENTING);
      }
      int expected = ALL & ~out;
      if (phase == Phase.KEYING && has(keys, expected)) {
        return keys(keys & expected).to(Phase.SHARING);
      }
      return phase == Phase.SHARING && has(parcels, expected)
          ? parcels(parcels & expected).to(Phase.UPLOADING)
          : this;
    }

    private static Optional<Naive> legal(boolean legal, Naive next) {
      return legal ? Optional.of(next) : Optional.empty();
    }

    private static boolean has(int set, int bits) {
      return (set & bits) == bits;
    }

    private static boolean lacks(int set, int bit) {
      return (set & bit) == 0;
    }

    private static int size(int set) {
      return Integer.bitCount(set);
    }

    private Naive to(Phase next) {
      return new Naive(next, keys, parcels, complaints, in, out, consents, releases, wrong);
    }

    private Naive keys(int set) {
      return new Naive(phase, set, parcels, complaints, in, out, consents, releases, wrong);
    }

    private Naive parcels(int set) {
      return new Naive(phase, keys, set, complaints, in, out, consents, releases, wrong);
    }

    private Naive complaints(int set) {
      return new Naive(phase, keys, parcels, set, in, out, consents, releases, wrong);
    }

    private Naive in(int set) {
      return new Naive(phase, keys, parcels, complaints, set, out, consents, releases, wrong);
    }

    private Naive out(int set) {
      return new Naive(phase, keys, parcels, complaints, in, set, consents, releases, wrong);
    }

    private Naive consents(int set) {
      return new Naive(phase, keys, parcels, complaints, in, out, set, releases, wrong);
    }

    private Naive releases(int set) {
      return new Naive(phase, keys, parcels, complaints, in, out, consents, set, wrong);
    }

    private Naive wrong(int set) {
      return new Naive(phase, keys, parcels, complaints, in, out, consents, releases, set);
    }
  }

  /** Both tellings of the same order. */
  private record Both(RoundState state, Naive naive, int losses) {}

  @Test
  void i2i4i6_everyOrderOfMaskedMessages_machineAgreesWithTheNaiveTelling() {
    List<Message> messages = messages();
    Set<Both> seen = new HashSet<>();
    Deque<Both> open = new ArrayDeque<>();
    Map<Phase, Integer> reached = new EnumMap<>(Phase.class);
    Map<What, Integer> taken = new HashMap<>();
    Both start = new Both(RoundMachine.open(ThreeSites.opening(THRESHOLD)), Naive.start(), 0);
    seen.add(start);
    open.add(start);

    while (!open.isEmpty()) {
      Both at = open.remove();
      int _ = reached.merge(at.naive.phase, 1, Integer::sum);
      check(at);
      if (at.naive.phase.over()) {
        continue; // what comes after is told by RoundOrdersTest
      }
      for (Message message : messages) {
        Optional<Both> next = step(at, message);
        if (next.isPresent()) {
          int _ = taken.merge(message.what, 1, Integer::sum);
          if (next.get().losses <= LOSSES_TRIED && seen.add(next.get())) {
            open.add(next.get());
          }
        }
      }
    }

    assertThat(reached).containsOnlyKeys(Phase.values());
    assertThat(taken).containsOnlyKeys(What.values());
    assertThat(seen).hasSizeGreaterThan(1000);
  }

  private static Optional<Both> step(Both at, Message message) {
    Optional<Naive> expected = at.naive.take(message);
    Optional<RoundState> taken = ThreeSites.next(at.state, message.event());
    if (expected.isPresent() != taken.isPresent()) {
      throw new AssertionError(
          "%s in %s (%s) is %s here"
              .formatted(message, at.state, at.naive, expected.isPresent() ? "legal" : "illegal"));
    }
    int lost = message.what == What.LOSE ? 1 : 0;
    return taken.map(state -> new Both(state, expected.orElseThrow(), at.losses + lost));
  }

  /** The two say the same, and nothing is unmasked below the threshold. */
  private static void check(Both at) {
    Naive naive = at.naive;
    assertThat(phase(at.state)).as("%s", naive).isEqualTo(naive.phase);
    switch (at.state) {
      case Collecting c -> {
        assertThat(c.accepted().keySet()).isEqualTo(sites(naive.in));
        assertThat(c.declined().keySet()).isEqualTo(sites(naive.out));
        check(c.masking(), naive);
      }
      case Unmasking u -> {
        assertThat(u.accepted().keySet()).isEqualTo(sites(naive.in));
        check(u.masking(), naive);
        assertThat(u.accepted()).hasSizeGreaterThanOrEqualTo(THRESHOLD);
      }
      case Aggregating a -> {
        assertThat(a.accepted().keySet()).isEqualTo(sites(naive.in));
        check(a.masking(), naive);
        assertThat(a.masking().consents().keySet()).hasSizeGreaterThanOrEqualTo(THRESHOLD);
        assertThat(a.masking().usable()).isGreaterThanOrEqualTo(THRESHOLD);
        assertThat(a.accepted().keySet()).containsAll(a.masking().releases().keySet());
      }
      case Validating v -> assertThat(v.updates().keySet()).isEqualTo(sites(naive.in));
      case Abandoned _ -> {}
      case Closed _, Watching _, Watched _ -> throw new AssertionError("not reached: " + at.state);
    }
  }

  private static void check(Masking masking, Naive naive) {
    assertThat(masking.keys().keySet()).isEqualTo(sites(naive.keys));
    assertThat(masking.parcels().keySet()).isEqualTo(sites(naive.parcels));
    assertThat(masking.complaints().keySet()).isEqualTo(sites(naive.complaints));
    assertThat(masking.consents().keySet()).isEqualTo(sites(naive.consents));
    assertThat(masking.releases().keySet()).isEqualTo(sites(naive.releases));
    assertThat(masking.refused()).isEqualTo(sites(naive.wrong));
  }

  private static Phase phase(RoundState state) {
    return switch (state) {
      case Collecting c -> phase(c.masking());
      case Unmasking u -> phase(u.masking());
      case Aggregating _ -> Phase.AGGREGATING;
      case Validating _ -> Phase.PUBLISHED;
      case Abandoned a -> a.burnt() ? Phase.BURNT : Phase.ABANDONED;
      case Closed _, Watching _, Watched _ -> throw new AssertionError("not reached: " + state);
    };
  }

  private static Phase phase(Masking masking) {
    return switch (masking.phase()) {
      case KEYS -> Phase.KEYING;
      case SHARES -> Phase.SHARING;
      case UPLOADS -> Phase.UPLOADING;
      case CONSENT -> Phase.CONSENTING;
      case RELEASE -> Phase.RELEASING;
      case OFF -> throw new AssertionError("not masked");
    };
  }

  private static Set<SiteId> sites(int set) {
    Set<SiteId> sites = new TreeSet<>();
    for (int i = 0; i < SITES.size(); i++) {
      if ((set >> i & 1) == 1) {
        sites.add(SITES.get(i));
      }
    }
    return sites;
  }

  /** Every message of every site, and of an attempt before. */
  private static List<Message> messages() {
    Set<Message> all = new HashSet<>();
    for (What what : What.values()) {
      for (int site = 0; site < (what.ofOneSite() ? SITES.size() : 1); site++) {
        all.add(new Message(what, site, PLACE));
        all.add(new Message(what, site, FORMER));
      }
    }
    return List.copyOf(all);
  }
}
