package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.Pledge.Judgement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every order of messages that a malicious coordinator can send to honest sites in two attempts at
 * a round: keys, parcels, lists of survivors (each site may be shown another) and requests to
 * release, any of them at any time and again. First the real code is walked through to find all
 * states of one site; then all states of the sites together, where a signature that one has given
 * can be shown to every other and corrupt sites sign whatever helps. No order may release two sets
 * of survivors: who has t shares for each can subtract two sums, or has both masks of a site.
 */
final class MessageOrdersTest {
  private static final int ATTEMPTS = 2;

  /** One set of survivors in one attempt. */
  private record Target(int attempt, SortedMap<Integer, Fingerprint> accepted) {}

  /** What one site is: its part in each attempt, its pledge, and what it has released. */
  private record State(List<MaskingSite> parts, Optional<Pledge> pledge, Set<Integer> released) {
    String key() {
      return parts.stream().map(part -> part.progress().toString()).toList()
          + ""
          + pledge
          + released;
    }
  }

  /** A step of a site: to a state, and which target it can be made on if t have signed it. */
  private record Edge(int to, int needsSignaturesOf) {}

  /** All states of a site. */
  private record Automaton(
      List<List<Edge>> edges, List<Integer> signed, List<Set<Integer>> released) {}

  private final List<MaskRound> attempts = new ArrayList<>();
  private final List<Target> targets = new ArrayList<>();

  @Test
  void orders_threeSites_neverTwoSetsReleased() throws Exception {
    prepare(3, true);

    for (int corrupt = 0; corrupt <= 2; corrupt++) { // n_c < 2t − n = 3
      assertThat(mostReleased(3, corrupt, true)).as("%d corrupt", corrupt).isEqualTo(1);
    }
    assertThat(mostReleased(3, 1, false)).as("without the pledge").isGreaterThan(1);
  }

  @Tag("slow") // 11 s
  @Test
  void orders_fourSitesWithDropouts_neverTwoSetsReleased() throws Exception {
    prepare(4, false);

    assertThat(mostReleased(4, 1, true)).isEqualTo(1); // n_c < 2t − n = 2
    assertThat(mostReleased(4, 2, true)).as("one corrupt site too many").isGreaterThan(1);
    assertThat(mostReleased(4, 2, false)).as("without the pledge").isGreaterThan(1);
  }

  /**
   * The attempts and every legal set of survivors in each.
   *
   * @param lies whether the last site's upload, a corrupt one's, can be shown in two ways
   */
  private void prepare(int count, boolean lies) throws MaskRefused {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Fingerprint context = Fingerprint.sha256(new byte[] {(byte) count, (byte) attempt});
      attempts.add(new MaskRound(MaskTerms.of(context, count), attempt));
      for (int members = 0; members < 1 << count; members++) {
        if (Integer.bitCount(members) < MaskTerms.threshold(count)) {
          continue;
        }
        TreeSet<Integer> survivors = new TreeSet<>();
        for (int u = 0; u < count; u++) {
          if ((members >> u & 1) == 1) {
            survivors.add(u);
          }
        }
        targets.add(new Target(attempt, MaskRound.accepted(survivors)));
        if (lies) {
          SortedMap<Integer, Fingerprint> other = MaskRound.accepted(survivors);
          other.put(count - 1, MaskRound.upload(99));
          targets.add(new Target(attempt, other));
        }
      }
    }
  }

  /** The most targets for which t sites, honest or corrupt, release at the same time, ever. */
  private int mostReleased(int count, int corrupt, boolean pledges) throws MaskRefused {
    int honest = count - corrupt;
    List<Automaton> automata = new ArrayList<>();
    for (int site = 0; site < honest; site++) {
      automata.add(automaton(site, pledges));
    }
    int threshold = MaskTerms.threshold(count);
    int most = 0;
    int[] sizes = automata.stream().mapToInt(a -> a.edges().size()).toArray();
    BitSet seen = new BitSet();
    ArrayDeque<int[]> open = new ArrayDeque<>();
    open.add(new int[honest]);
    seen.set(0);
    while (!open.isEmpty()) {
      int[] states = open.remove();
      most = Math.max(most, releasedTargets(automata, states, threshold - corrupt));
      for (int site = 0; site < honest; site++) {
        for (Edge edge : automata.get(site).edges().get(states[site])) {
          if (edge.needsSignaturesOf() >= 0
              && signatures(automata, states, edge.needsSignaturesOf()) + corrupt < threshold) {
            continue;
          }
          int[] next = states.clone();
          next[site] = edge.to();
          int index = index(next, sizes);
          if (!seen.get(index)) {
            seen.set(index);
            open.add(next);
          }
        }
      }
    }
    return most;
  }

  private int releasedTargets(List<Automaton> automata, int[] states, int needed) {
    int[] releasers = new int[targets.size()];
    for (int site = 0; site < states.length; site++) {
      for (int target : automata.get(site).released().get(states[site])) {
        releasers[target]++;
      }
    }
    return (int) Arrays.stream(releasers).filter(r -> r >= Math.max(1, needed)).count();
  }

  private static int signatures(List<Automaton> automata, int[] states, int target) {
    int count = 0;
    for (int site = 0; site < states.length; site++) {
      count += automata.get(site).signed().get(states[site]) >> target & 1;
    }
    return count;
  }

  private static int index(int[] states, int[] sizes) {
    int index = 0;
    for (int site = 0; site < states.length; site++) {
      index = Math.addExact(Math.multiplyExact(index, sizes[site]), states[site]);
    }
    return index;
  }

  /** Walks the real code through every message in every state. */
  private Automaton automaton(int site, boolean pledges) throws MaskRefused {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    List<State> states = new ArrayList<>();
    List<List<Edge>> edges = new ArrayList<>();
    List<MaskingSite> fresh = new ArrayList<>();
    for (MaskRound attempt : attempts) {
      fresh.add(MaskingSite.of(attempt.terms, site, MaskSecrets.of(attempt.secrets.get(site))));
    }
    State start = new State(fresh, Optional.empty(), Set.of());
    numbers.put(start.key(), 0);
    states.add(start);
    for (int at = 0; at < states.size(); at++) { // grows on the way
      List<Edge> from = new ArrayList<>();
      for (Map.Entry<Integer, State> step : steps(site, states.get(at), pledges)) {
        State next = step.getValue();
        Integer known = numbers.putIfAbsent(next.key(), states.size());
        if (known == null) {
          states.add(next);
        }
        from.add(new Edge(known == null ? states.size() - 1 : known, step.getKey()));
      }
      edges.add(from);
    }
    List<Integer> signed = new ArrayList<>();
    states.forEach(state -> signed.add(signedTargets(state)));
    return new Automaton(edges, signed, states.stream().map(State::released).toList());
  }

  /** Where each message leads; the keys name the target that needs t signatures, or −1. */
  private List<Map.Entry<Integer, State>> steps(int site, State state, boolean pledges)
      throws MaskRefused {
    List<Map.Entry<Integer, State>> steps = new ArrayList<>();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      MaskRound round = attempts.get(attempt);
      tried(state, attempt, part -> part.share(round.keys))
          .ifPresent(s -> steps.add(Map.entry(-1, s)));
      tried(
              state,
              attempt,
              part -> {
                var _ = part.receive(round.to(site, round.all()));
                if (!pledges || Pledge.mayMask(state.pledge(), round.terms.context())) {
                  part.uploaded(MaskRound.upload(site));
                }
              })
          .ifPresent(s -> steps.add(Map.entry(-1, s)));
    }
    for (int target = 0; target < targets.size(); target++) {
      steps.addAll(stepsOn(target, state, pledges));
    }
    return steps;
  }

  private List<Map.Entry<Integer, State>> stepsOn(int number, State state, boolean pledges)
      throws MaskRefused {
    Target target = targets.get(number);
    MaskTerms terms = attempts.get(target.attempt()).terms;
    Fingerprint digest = terms.survivorsDigest(target.accepted());
    Set<Integer> everyone = target.accepted().keySet();
    List<Map.Entry<Integer, State>> steps = new ArrayList<>();
    tried(state, target.attempt(), part -> part.consent(target.accepted()))
        .flatMap(agreed -> pledged(state, agreed, terms.context(), digest, pledges))
        .ifPresent(s -> steps.add(Map.entry(-1, s)));
    Set<Integer> tooFew = new TreeSet<>(everyone);
    tooFew.removeIf(signer -> signer >= terms.threshold() - 1);
    assertThat(tried(state, target.attempt(), part -> part.release(digest, tooFew))).isEmpty();
    tried(state, target.attempt(), part -> part.release(digest, everyone))
        .ifPresent(
            same -> {
              Set<Integer> released = new TreeSet<>(state.released());
              released.add(number);
              steps.add(Map.entry(number, new State(same.parts(), same.pledge(), released)));
            });
    return steps;
  }

  /** What the caller of consent does: it signs only as the pledge allows. */
  private static Optional<State> pledged(
      State before, State agreed, Fingerprint context, Fingerprint digest, boolean pledges) {
    if (!pledges) {
      return Optional.of(agreed);
    }
    return switch (Pledge.judge(before.pledge(), context, digest)) {
      case Judgement.Sign(Pledge pledge) ->
          Optional.of(new State(agreed.parts(), Optional.of(pledge), agreed.released()));
      case Judgement.SignAgain _ -> Optional.of(agreed);
      case Judgement.Refuse _ -> Optional.empty();
    };
  }

  /** Which targets a site in this state has signed, a bit for each. */
  private int signedTargets(State state) {
    int signed = 0;
    for (int number = 0; number < targets.size(); number++) {
      Target target = targets.get(number);
      Fingerprint digest = attempts.get(target.attempt()).terms.survivorsDigest(target.accepted());
      boolean has =
          state.parts().get(target.attempt()).progress().consented().equals(Optional.of(digest));
      signed |= has ? 1 << number : 0;
    }
    return signed;
  }

  private interface Step {
    void on(MaskingSite part) throws MaskRefused;
  }

  /** The state after a message, or nothing if the site refuses it. */
  private static Optional<State> tried(State state, int attempt, Step step) {
    List<MaskingSite> parts = new ArrayList<>(state.parts());
    parts.set(attempt, parts.get(attempt).copy());
    try {
      step.on(parts.get(attempt));
      return Optional.of(new State(parts, state.pledge(), state.released()));
    } catch (MaskRefused refused) {
      return Optional.empty();
    }
  }
}
