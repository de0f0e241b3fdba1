package org.consilium.coordinator.masking;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.Masking.Phase;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.MaskMessage.Consent;
import org.consilium.protocol.MaskMessage.Keys;
import org.consilium.protocol.MaskMessage.Parcel;
import org.consilium.protocol.MaskMessage.Release;
import org.consilium.protocol.MaskMessage.Share;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.PairKey;
import org.consilium.security.sign.VerifyingKey;

/**
 * Whether what a site sends in a phase of masking is its own, of this attempt, and all that the
 * phase asks for. Nothing is stored before all of it is right.
 *
 * @param site the caller
 * @param key its signing key
 * @param attempt the open attempt
 */
public record MaskIntake(SiteId site, VerifyingKey key, Attempt attempt) {

  /** Why a message cannot be taken; empty when it can. */
  public Optional<Rejected> refusal(Kind kind, List<SignedBytes> messages) {
    if (attempt.number(site) < 0) {
      return refused(Why.NOT_A_PARTICIPANT, "it is not among the participants");
    }
    if (kind != Kind.PARCELS && messages.size() != 1) {
      return refused(
          Why.MALFORMED, "%d messages where one is asked for".formatted(messages.size()));
    }
    try {
      for (SignedBytes message : messages) {
        if (!key.verify(label(kind).label(), message.body(), message.signature())) {
          return refused(Why.BAD_SIGNATURE, "the signature is not valid");
        }
      }
      return switch (kind) {
        case KEYS -> keys(MaskCodec.keys(messages.getFirst().body()));
        case PARCELS -> parcels(messages.stream().map(m -> MaskCodec.parcel(m.body())).toList());
        case CONSENT -> consent(MaskCodec.consent(messages.getFirst().body()));
        case RELEASE -> release(MaskCodec.release(messages.getFirst().body()));
        case COMPLAINT -> complaint(MaskCodec.complaint(messages.getFirst().body()));
      };
    } catch (MalformedMessage malformed) {
      return refused(Why.MALFORMED, String.valueOf(malformed.getMessage()));
    } catch (MaskRefused unusable) {
      return refused(Why.MALFORMED, String.valueOf(unusable.getMessage()));
    }
  }

  /** What a signature over a message of a kind is for. */
  static SignedKind label(Kind kind) {
    return switch (kind) {
      case KEYS -> SignedKind.MASK_KEYS;
      case PARCELS -> SignedKind.MASK_PARCEL;
      case CONSENT -> SignedKind.MASK_CONSENT;
      case RELEASE -> SignedKind.MASK_RELEASE;
      case COMPLAINT -> SignedKind.MASK_COMPLAINT;
    };
  }

  private Optional<Rejected> keys(Keys keys) throws MaskRefused {
    Optional<Rejected> elsewhere = elsewhere(keys);
    if (elsewhere.isEmpty()) {
      PairKey.checkPublicKey(attempt.number(site), keys.maskKey());
      PairKey.checkPublicKey(attempt.number(site), keys.shareKey());
    }
    return elsewhere;
  }

  private Optional<Rejected> parcels(List<Parcel> parcels) {
    if (attempt.masking().phase() == Phase.KEYS) { // whom they are for is not settled
      return refused(Why.WRONG_ROUND, "the masking is at KEYS, and parcels come after it");
    }
    int own = attempt.number(site);
    Set<Integer> wanted =
        attempt.masking().keys().keySet().stream()
            .filter(v -> !v.equals(site))
            .map(attempt::number)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<Integer> got = new TreeSet<>();
    for (Parcel parcel : parcels) {
      Optional<Rejected> elsewhere = elsewhere(parcel);
      if (elsewhere.isPresent()) {
        return elsewhere;
      }
      if (parcel.from() != own || !got.add(parcel.to())) {
        return refused(
            Why.MALFORMED,
            "a parcel from %d to %d; its own number is %d, and one to each site is asked for"
                .formatted(parcel.from(), parcel.to(), own));
      }
    }
    return got.equals(wanted)
        ? Optional.empty()
        : refused(
            Why.MALFORMED, "parcels to the sites %s, asked for are %s".formatted(got, wanted));
  }

  private Optional<Rejected> consent(Consent consent) {
    return elsewhere(consent)
        .or(
            () ->
                consent.survivors().equals(attempt.survivors())
                    ? Optional.empty()
                    : refused(
                        Why.WRONG_CONTEXT,
                        "it consents to other survivors, %s, than %s"
                            .formatted(consent.survivors().brief(), attempt.survivors().brief())));
  }

  private Optional<Rejected> release(Release release) {
    Optional<Rejected> elsewhere = elsewhere(release);
    if (elsewhere.isPresent()) {
      return elsewhere;
    }
    if (!release.survivors().equals(attempt.survivors())) {
      return refused(Why.WRONG_CONTEXT, "it releases shares for other survivors");
    }
    Set<Integer> sharers =
        attempt.masking().parcels().keySet().stream()
            .map(attempt::number)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<Integer> got = new TreeSet<>();
    for (Share share : release.shares()) {
      boolean known = sharers.contains(share.of()) && got.add(share.of());
      if (!known || share.pairKey() == attempt.uploads().containsKey(share.of())) {
        return refused(
            Why.MALFORMED,
            "a share of site %d twice, of a site that shared nothing, or of the wrong kind"
                .formatted(share.of()));
      }
    }
    return got.equals(sharers)
        ? Optional.empty()
        : refused(
            Why.MALFORMED, "shares of the sites %s, asked for are %s".formatted(got, sharers));
  }

  /** Whether it is true nobody but the two can tell; that the dealer sent it something is known. */
  private Optional<Rejected> complaint(Complaint complaint) {
    Optional<Rejected> elsewhere = elsewhere(complaint);
    if (elsewhere.isPresent()) {
      return elsewhere;
    }
    boolean dealt =
        complaint.dealer() < attempt.opening().sites().size()
            && !attempt.site(complaint.dealer()).equals(site)
            && attempt.masking().parcels().containsKey(attempt.site(complaint.dealer()));
    return dealt
        ? Optional.empty()
        : refused(Why.MALFORMED, "site %d has dealt nothing to it".formatted(complaint.dealer()));
  }

  private Optional<Rejected> elsewhere(MaskMessage message) {
    return message.place().equals(attempt.place())
        ? Optional.empty()
        : refused(
            Why.WRONG_CONTEXT,
            "it is of %s, attempt %d, context %s; open is %s, attempt %d, context %s"
                .formatted(
                    message.place().round(),
                    message.place().attempt(),
                    message.place().context().brief(),
                    attempt.place().round(),
                    attempt.place().attempt(),
                    attempt.place().context().brief()));
  }

  private Optional<Rejected> refused(Why why, String detail) {
    return Optional.of(new Rejected(why, "mask message of site %s: %s".formatted(site, detail)));
  }
}
