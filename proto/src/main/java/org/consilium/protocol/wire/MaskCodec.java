package org.consilium.protocol.wire;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.consilium.proto.v1.MaskComplaint;
import org.consilium.proto.v1.MaskConsent;
import org.consilium.proto.v1.MaskConsentBook;
import org.consilium.proto.v1.MaskKeyBook;
import org.consilium.proto.v1.MaskKeys;
import org.consilium.proto.v1.MaskParcel;
import org.consilium.proto.v1.MaskParcels;
import org.consilium.proto.v1.MaskPlace;
import org.consilium.proto.v1.MaskRelease;
import org.consilium.proto.v1.MaskShare;
import org.consilium.proto.v1.MaskSurvivors;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskMessage.Complaint;
import org.consilium.protocol.MaskMessage.Consent;
import org.consilium.protocol.MaskMessage.Keys;
import org.consilium.protocol.MaskMessage.Parcel;
import org.consilium.protocol.MaskMessage.Place;
import org.consilium.protocol.MaskMessage.Release;
import org.consilium.protocol.MaskMessage.Share;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/** Messages and orders of masking as bytes. */
public final class MaskCodec {
  private MaskCodec() {}

  /** What a signature over such a message is for. */
  public static SignedKind kind(MaskMessage message) {
    return switch (message) {
      case Keys _ -> SignedKind.MASK_KEYS;
      case Parcel _ -> SignedKind.MASK_PARCEL;
      case Consent _ -> SignedKind.MASK_CONSENT;
      case Release _ -> SignedKind.MASK_RELEASE;
      case Complaint _ -> SignedKind.MASK_COMPLAINT;
    };
  }

  /** The message's bytes, which are signed. */
  public static byte[] encode(MaskMessage message) {
    MaskPlace place = place(message.place());
    return switch (message) {
      case Keys m ->
          MaskKeys.newBuilder()
              .setPlace(place)
              .setMaskKey(ByteString.copyFrom(m.maskKey()))
              .setShareKey(ByteString.copyFrom(m.shareKey()))
              .setSelfCommitment(Decoding.bytes(m.selfCommitment()))
              .build()
              .toByteArray();
      case Parcel m ->
          MaskParcel.newBuilder()
              .setPlace(place)
              .setFrom(m.from())
              .setTo(m.to())
              .setEnvelope(ByteString.copyFrom(m.envelope()))
              .setCiphertext(ByteString.copyFrom(m.ciphertext()))
              .setPairCommitment(Decoding.bytes(m.pairCommitment()))
              .setSelfCommitment(Decoding.bytes(m.selfCommitment()))
              .build()
              .toByteArray();
      case Consent m ->
          MaskConsent.newBuilder()
              .setPlace(place)
              .setSurvivors(Decoding.bytes(m.survivors()))
              .build()
              .toByteArray();
      case Release m ->
          MaskRelease.newBuilder()
              .setPlace(place)
              .setSurvivors(Decoding.bytes(m.survivors()))
              .addAllShares(m.shares().stream().map(MaskCodec::share).toList())
              .build()
              .toByteArray();
      case Complaint m ->
          MaskComplaint.newBuilder()
              .setPlace(place)
              .setDealer(m.dealer())
              .setWhy(MaskComplaint.Why.valueOf(m.why().name()))
              .build()
              .toByteArray();
    };
  }

  /** The keys in {@code body}. */
  public static Keys keys(byte[] body) {
    return Decoding.decode(
        "mask keys",
        body,
        Limits.MESSAGE_BYTES_MAX,
        MaskKeys.parser(),
        m ->
            new Keys(
                place(m.getPlace()),
                m.getMaskKey().toByteArray(),
                m.getShareKey().toByteArray(),
                Decoding.digest(m.getSelfCommitment())));
  }

  /** The parcel in {@code body}. */
  public static Parcel parcel(byte[] body) {
    return Decoding.decode(
        "mask parcel",
        body,
        Limits.MESSAGE_BYTES_MAX,
        MaskParcel.parser(),
        m ->
            new Parcel(
                place(m.getPlace()),
                m.getFrom(),
                m.getTo(),
                m.getEnvelope().toByteArray(),
                m.getCiphertext().toByteArray(),
                Decoding.digest(m.getPairCommitment()),
                Decoding.digest(m.getSelfCommitment())));
  }

  /** The consent in {@code body}. */
  public static Consent consent(byte[] body) {
    return Decoding.decode(
        "mask consent",
        body,
        Limits.MESSAGE_BYTES_MAX,
        MaskConsent.parser(),
        m -> new Consent(place(m.getPlace()), Decoding.digest(m.getSurvivors())));
  }

  /** The release in {@code body}. */
  public static Release release(byte[] body) {
    return Decoding.decode(
        "mask release",
        body,
        Limits.MESSAGE_BYTES_MAX,
        MaskRelease.parser(),
        m ->
            new Release(
                place(m.getPlace()),
                Decoding.digest(m.getSurvivors()),
                m.getSharesList().stream()
                    .map(
                        s ->
                            new Share(
                                s.getOf(),
                                s.getPairKey(),
                                s.getShare().toByteArray(),
                                s.getSalt().toByteArray()))
                    .toList()));
  }

  /** The complaint in {@code body}. */
  public static Complaint complaint(byte[] body) {
    return Decoding.decode(
        "mask complaint",
        body,
        Limits.MESSAGE_BYTES_MAX,
        MaskComplaint.parser(),
        m -> new Complaint(place(m.getPlace()), m.getDealer(), why(m)));
  }

  private static Complaint.Why why(MaskComplaint m) {
    return switch (m.getWhy()) {
      case ENVELOPE -> Complaint.Why.ENVELOPE;
      case COMMITMENT -> Complaint.Why.COMMITMENT;
      case CIPHERTEXT -> Complaint.Why.CIPHERTEXT;
      case WHY_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("complaint of kind number " + m.getWhyValue());
    };
  }

  /** The order's bytes, which the coordinator signs. */
  public static byte[] encode(MaskOrder order) {
    var m = org.consilium.proto.v1.MaskOrder.newBuilder().setPlace(place(order.place()));
    switch (order) {
      case MaskOrder.KeyBook book ->
          book.entries()
              .forEach(
                  (site, entry) ->
                      m.getKeysBuilder()
                          .addEntries(
                              MaskKeyBook.Entry.newBuilder()
                                  .setSite(site.value())
                                  .setKeys(signed(entry.keys()))
                                  .addAllSigningChain(
                                      entry.signingChain().stream()
                                          .map(ByteString::copyFrom)
                                          .toList())));
      case MaskOrder.Parcels parcels -> m.setParcels(parcels(parcels.parcels()));
      case MaskOrder.Survivors survivors ->
          survivors
              .uploads()
              .forEach(
                  (site, upload) ->
                      m.getSurvivorsBuilder()
                          .addSurvivors(
                              MaskSurvivors.Survivor.newBuilder()
                                  .setSite(site.value())
                                  .setUpload(Decoding.bytes(upload))));
      case MaskOrder.Consents consents ->
          consents
              .consents()
              .forEach(
                  (site, consent) ->
                      m.getConsentsBuilder()
                          .addEntries(
                              MaskConsentBook.Entry.newBuilder()
                                  .setSite(site.value())
                                  .setConsent(signed(consent))));
    }
    return m.build().toByteArray();
  }

  /** The order in {@code body}. */
  public static MaskOrder order(byte[] body) {
    return Decoding.decode(
        "mask order",
        body,
        Limits.MESSAGE_BYTES_MAX,
        org.consilium.proto.v1.MaskOrder.parser(),
        MaskCodec::order);
  }

  /** Parcels side by side. */
  public static MaskParcels parcels(List<SignedBytes> parcels) {
    return MaskParcels.newBuilder()
        .addAllParcels(parcels.stream().map(MaskCodec::signed).toList())
        .build();
  }

  /** The parcels in a message, at most one for each participant. */
  public static List<SignedBytes> parcels(MaskParcels message) {
    if (message.getParcelsCount() > Limits.PAIRED_PARTICIPANTS_MAX) {
      throw new MalformedMessage("mask parcels: %d of them".formatted(message.getParcelsCount()));
    }
    return message.getParcelsList().stream().map(MaskCodec::signed).toList();
  }

  /** Signed messages as one file keeps them. */
  public static byte[] file(List<SignedBytes> messages) {
    return parcels(messages).toByteArray();
  }

  /** The signed messages in a file. */
  public static List<SignedBytes> file(byte[] bytes) {
    return Decoding.decode(
        "kept mask messages",
        bytes,
        Limits.MESSAGE_BYTES_MAX,
        MaskParcels.parser(),
        MaskCodec::parcels);
  }

  /** A signed message as it is sent. */
  public static Signed signed(SignedBytes signed) {
    return Signed.newBuilder()
        .setBody(ByteString.copyFrom(signed.body()))
        .setSignature(ByteString.copyFrom(signed.signature()))
        .build();
  }

  /** A signed message as it came. */
  public static SignedBytes signed(Signed signed) {
    return new SignedBytes(signed.getBody().toByteArray(), signed.getSignature().toByteArray());
  }

  private static MaskOrder order(org.consilium.proto.v1.MaskOrder m) {
    Place place = place(m.getPlace());
    return switch (m.getKindCase()) {
      case KEYS ->
          new MaskOrder.KeyBook(
              place,
              bySite(
                  m.getKeys().getEntriesList(),
                  MaskKeyBook.Entry::getSite,
                  e ->
                      new MaskOrder.Entry(
                          signed(e.getKeys()),
                          e.getSigningChainList().stream().map(ByteString::toByteArray).toList())));
      case PARCELS -> new MaskOrder.Parcels(place, parcels(m.getParcels()));
      case SURVIVORS ->
          new MaskOrder.Survivors(
              place,
              bySite(
                  m.getSurvivors().getSurvivorsList(),
                  MaskSurvivors.Survivor::getSite,
                  s -> Decoding.digest(s.getUpload())));
      case CONSENTS ->
          new MaskOrder.Consents(
              place,
              bySite(
                  m.getConsents().getEntriesList(),
                  MaskConsentBook.Entry::getSite,
                  e -> signed(e.getConsent())));
      case KIND_NOT_SET -> throw new IllegalArgumentException("it says nothing");
    };
  }

  private static <M, V> SortedMap<SiteId, V> bySite(
      List<M> entries, Function<M, String> site, Function<M, V> value) {
    if (entries.size() > Limits.PAIRED_PARTICIPANTS_MAX) {
      throw new IllegalArgumentException(
          "at most %d sites, got %d".formatted(Limits.PAIRED_PARTICIPANTS_MAX, entries.size()));
    }
    SortedMap<SiteId, V> map = new TreeMap<>();
    for (M entry : entries) {
      SiteId name = new SiteId(site.apply(entry));
      if (map.put(name, value.apply(entry)) != null) {
        throw new IllegalArgumentException("site %s stands in it twice".formatted(name));
      }
    }
    return map;
  }

  private static MaskShare share(Share share) {
    return MaskShare.newBuilder()
        .setOf(share.of())
        .setPairKey(share.pairKey())
        .setShare(ByteString.copyFrom(share.share()))
        .setSalt(ByteString.copyFrom(share.salt()))
        .build();
  }

  private static MaskPlace place(Place place) {
    return MaskPlace.newBuilder()
        .setContext(Decoding.bytes(place.context()))
        .setStudy(place.round().study().value())
        .setRound(place.round().number())
        .setAttempt(place.attempt())
        .build();
  }

  private static Place place(MaskPlace m) {
    Digest context = Decoding.digest(m.getContext());
    return new Place(context, new RoundId(new StudyId(m.getStudy()), m.getRound()), m.getAttempt());
  }
}
