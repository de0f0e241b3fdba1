package org.consilium.coordinator.masking;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.aggregate.UnmaskFailed;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskKeys;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.Parcel;
import org.consilium.security.mask.ReleasedShare;
import org.consilium.security.mask.Shamir;
import org.consilium.security.mask.Unmasking;
import org.consilium.security.mask.Unmasking.Outcome;

/**
 * Makes of an attempt's messages on disk the masks that come off its sum.
 *
 * @param transcript where the messages are
 */
public record Unmasker(MaskTranscript transcript) {
  private static final System.Logger LOG = System.getLogger(Unmasker.class.getName());

  /** What takes the masks off the sum of an attempt, if it is masked. */
  public Optional<Masks> of(Optional<Attempt> masked) throws UnmaskFailed, IOException {
    try {
      return masked.isEmpty() ? Optional.empty() : Optional.of(removal(masked.get()));
    } catch (MaskTranscript.MessageBroken damaged) {
      // What a site signed is gone for good: waiting brings it back no more than it frees the sum.
      throw UnmaskFailed.sum(String.valueOf(damaged.getMessage()));
    }
  }

  /**
   * What to add to the sum over the survivors. Whatever sites sent ends an attempt at most, never
   * the study's loop.
   *
   * @throws UnmaskFailed if shares are wrong, naming who gave them, or a secret cannot be rebuilt
   * @throws IOException if a message on disk was changed
   */
  private Masks removal(Attempt attempt) throws UnmaskFailed, IOException {
    SortedMap<Integer, MaskKeys> keys = new TreeMap<>();
    for (SiteId site : attempt.masking().keys().keySet()) {
      MaskMessage.Keys m =
          MaskCodec.keys(transcript.read(attempt, site, Kind.KEYS).getFirst().body());
      keys.put(
          attempt.number(site),
          new MaskKeys(m.maskKey(), m.shareKey(), fingerprint(m.selfCommitment())));
    }
    SortedMap<Integer, SortedMap<Integer, Parcel>> dealt = parcels(attempt);
    for (Map.Entry<Integer, SortedMap<Integer, Parcel>> dealer : dealt.entrySet()) {
      try {
        Unmasking.checkParcels(keys, dealer.getKey(), dealer.getValue());
      } catch (MaskRefused incomplete) {
        throw UnmaskFailed.sum(String.valueOf(incomplete.getMessage()));
      }
    }
    Unmasking unmasking =
        Unmasking.of(attempt.terms(), keys, dealt, new TreeSet<>(attempt.uploads().keySet()));
    TreeSet<Integer> refused = new TreeSet<>();
    for (SiteId site : attempt.masking().releases().keySet()) {
      if (!attempt.masking().refused().contains(site)) {
        take(attempt, unmasking, site, refused);
      }
    }
    if (!refused.isEmpty()) {
      throw UnmaskFailed.shares(named(attempt, refused), "released shares do not fit");
    }
    return outcome(attempt, unmasking.removal());
  }

  private Masks outcome(Attempt attempt, Outcome outcome) throws UnmaskFailed {
    return switch (outcome) {
      case Outcome.Ready(Masks removal, var liars) -> {
        if (!liars.isEmpty()) {
          LOG.log(
              System.Logger.Level.WARNING,
              "{0}, {1}: wrong shares from {2}; others did instead",
              attempt.study(),
              attempt.opening().place(),
              named(attempt, liars));
        }
        yield removal;
      }
      case Outcome.NeedMore(int have, int need, var liars) ->
          throw UnmaskFailed.shares(
              named(attempt, liars), "unmask: %d good shares, at least %d".formatted(have, need));
      case Outcome.NeedSalts(var releasers) ->
          throw UnmaskFailed.shares(
              named(attempt, releasers), "unmask: shares without their salts do not fit");
      case Outcome.Blamed(var liars, var dealers) ->
          throw UnmaskFailed.sum(
              "unmask: what sites %s dealt does not fit what they published; wrong shares from %s"
                  .formatted(named(attempt, dealers), named(attempt, liars)));
    };
  }

  private SortedMap<Integer, SortedMap<Integer, Parcel>> parcels(Attempt attempt)
      throws IOException {
    SortedMap<Integer, SortedMap<Integer, Parcel>> dealt = new TreeMap<>();
    for (SiteId site : attempt.masking().parcels().keySet()) {
      SortedMap<Integer, Parcel> bySite = new TreeMap<>();
      for (SignedBytes signed : transcript.read(attempt, site, Kind.PARCELS)) {
        MaskMessage.Parcel m = MaskCodec.parcel(signed.body());
        bySite.put(
            m.to(),
            new Parcel(
                m.envelope(),
                m.ciphertext(),
                fingerprint(m.pairCommitment()),
                fingerprint(m.selfCommitment())));
      }
      dealt.put(attempt.number(site), bySite);
    }
    return dealt;
  }

  private void take(Attempt attempt, Unmasking unmasking, SiteId site, TreeSet<Integer> refused)
      throws IOException {
    int number = attempt.number(site);
    MaskMessage.Release release =
        MaskCodec.release(transcript.read(attempt, site, Kind.RELEASE).getFirst().body());
    SortedMap<Integer, ReleasedShare> shares = new TreeMap<>();
    SortedMap<Integer, byte[]> salts = new TreeMap<>();
    for (MaskMessage.Share share : release.shares()) {
      shares.put(
          share.of(),
          new ReleasedShare(
              share.pairKey() ? ReleasedShare.Kind.PAIR_KEY : ReleasedShare.Kind.SELF_MASK,
              new Shamir.Share(number + 1, share.share())));
      if (share.of() != number) {
        salts.put(share.of(), share.salt());
      }
    }
    try {
      unmasking.accept(number, shares);
      unmasking.acceptSalts(number, salts);
    } catch (MaskRefused wrong) {
      LOG.log(System.Logger.Level.WARNING, "{0}: {1}", site, wrong.getMessage());
      refused.add(number);
    }
  }

  private static List<SiteId> named(Attempt attempt, Collection<Integer> numbers) {
    return numbers.stream().map(attempt::site).toList();
  }

  private static Fingerprint fingerprint(Digest digest) {
    return new Fingerprint(digest.bytes());
  }
}
