package org.consilium.site.protect;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskMessage.Place;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskKeys;
import org.consilium.security.mask.Parcel;
import org.consilium.security.mask.ReleasedShare;
import org.consilium.site.ledger.EgressEntry;

/**
 * The way of masking's messages out of the hospital: keys, encrypted shares for the other sites,
 * one consent a round, and the shares that free the sum that was consented to.
 */
public final class MaskProtector {
  private final SiteIdentity self;

  /** For one site. */
  public MaskProtector(SiteIdentity self) {
    this.self = self;
  }

  /** Phase 1. */
  public ReleasedMask keys(Place place, MaskKeys keys) {
    return released(
        EgressEntry.Kind.KEYS,
        List.of(
            new MaskMessage.Keys(
                place, keys.maskKey(), keys.shareKey(), digest(keys.selfCommitment()))));
  }

  /** Phase 2: a parcel for each other site. */
  public ReleasedMask parcels(Place place, int from, SortedMap<Integer, Parcel> parcels) {
    List<MaskMessage> messages = new ArrayList<>();
    parcels.forEach(
        (to, parcel) ->
            messages.add(
                new MaskMessage.Parcel(
                    place,
                    from,
                    to,
                    parcel.envelope(),
                    parcel.ciphertext(),
                    digest(parcel.commitmentK()),
                    digest(parcel.commitmentB()))));
    return released(EgressEntry.Kind.SHARES, messages);
  }

  /** Phase 4. */
  public ReleasedMask consent(Place place, Fingerprint survivors) {
    return released(
        EgressEntry.Kind.U3_SIGNATURE, List.of(new MaskMessage.Consent(place, digest(survivors))));
  }

  /** Phase 5: each share with the salt of its commitment; its own share has none. */
  public ReleasedMask release(
      Place place,
      Fingerprint survivors,
      SortedMap<Integer, ReleasedShare> shares,
      SortedMap<Integer, byte[]> salts) {
    List<MaskMessage.Share> released = new ArrayList<>();
    shares.forEach(
        (of, share) ->
            released.add(
                new MaskMessage.Share(
                    of,
                    share.kind() == ReleasedShare.Kind.PAIR_KEY,
                    share.share().bytes(),
                    salts.getOrDefault(of, new byte[0]))));
    return released(
        EgressEntry.Kind.UNMASK_SHARES,
        List.of(new MaskMessage.Release(place, digest(survivors), released)));
  }

  /** Instead of phase 3: what a dealer signed for this site does not do. */
  public ReleasedMask complaint(Place place, int dealer, MaskMessage.Complaint.Why why) {
    return released(
        EgressEntry.Kind.COMPLAINT, List.of(new MaskMessage.Complaint(place, dealer, why)));
  }

  private ReleasedMask released(EgressEntry.Kind kind, List<? extends MaskMessage> messages) {
    List<SignedBytes> signed = new ArrayList<>();
    for (MaskMessage message : messages) {
      byte[] body = MaskCodec.encode(message);
      signed.add(new SignedBytes(body, self.key().sign(MaskCodec.kind(message).label(), body)));
    }
    return new ReleasedMask(kind, messages.getFirst().place().round(), signed);
  }

  private static Digest digest(Fingerprint fingerprint) {
    return Digest.of(fingerprint.bytes());
  }
}
