package org.consilium.sim.crowd;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.mask.MaskKeys;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.MaskSecrets;
import org.consilium.security.mask.MaskTerms;
import org.consilium.security.mask.MaskingSite;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.Parcel;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;
import org.consilium.site.protect.MaskProtector;
import org.consilium.site.protect.ReleasedMask;
import org.consilium.site.protect.RoundTerms;
import org.consilium.site.protect.SiteIdentity;
import org.consilium.site.train.StudyModel;

/**
 * A virtual site's part in masking: the real protocol, every chain and signature verified; what a
 * node writes to its disk between the steps is left out.
 */
final class VirtualMasks {
  private final SiteIdentity self;
  private final Network network;
  private final Times times;
  private final MaskProtector exit;
  private Optional<Attempt> attempt = Optional.empty();

  /** One attempt in progress. */
  private static final class Attempt {
    final RoundTask task;
    final MaskMessage.Place place;
    final List<SiteId> participants;
    final MaskingSite site;
    final SortedMap<Integer, VerifyingKey> peers = new TreeMap<>();
    Optional<Masks> masks = Optional.empty();

    Attempt(RoundTask task, MaskMessage.Place place, List<SiteId> participants, MaskingSite site) {
      this.task = task;
      this.place = place;
      this.participants = participants;
      this.site = site;
    }

    int number(SiteId id) throws IOException {
      int number = participants.indexOf(id);
      if (number < 0) {
        throw new IOException("crowd: %s takes no part".formatted(id));
      }
      return number;
    }
  }

  VirtualMasks(SiteIdentity self, Network network, Times times) {
    this.self = self;
    this.network = network;
    this.times = times;
    this.exit = new MaskProtector(self);
  }

  /** Phase 1. */
  void begin(RoundTask task, StudyPlan plan) throws IOException {
    over();
    ReleasedMask keys =
        times.of(
            Work.MASK,
            task.round(),
            () -> {
              Attempt begun = drawn(task, plan);
              attempt = Optional.of(begun);
              return exit.keys(begun.place, begun.site.keys());
            });
    send(Kind.KEYS, keys);
  }

  /** What hides the update of the attempt in progress. */
  Masks masks() {
    return attempt.flatMap(a -> a.masks).orElseThrow();
  }

  void uploaded(Digest upload) throws IOException {
    try {
      attempt.orElseThrow().site.uploaded(print(upload));
    } catch (MaskRefused refused) {
      throw refused(refused);
    }
  }

  /** Erases the secrets. */
  void over() {
    attempt.ifPresent(a -> a.site.close());
    attempt = Optional.empty();
  }

  /** Answers an order; gives the task when its masks are known. */
  Optional<RoundTask> answer(MaskOrder order, int round) throws IOException {
    Attempt now = attempt.orElseThrow(() -> new IOException("crowd: an order for no attempt"));
    switch (order) {
      case MaskOrder.KeyBook book ->
          send(Kind.PARCELS, times.of(Work.MASK, round, () -> shares(now, book)));
      case MaskOrder.Parcels parcels -> {
        now.masks = Optional.of(times.of(Work.MASK, round, () -> received(now, parcels)));
        return Optional.of(now.task);
      }
      case MaskOrder.Survivors survivors ->
          send(Kind.CONSENT, times.of(Work.MASK, round, () -> consent(now, survivors)));
      case MaskOrder.Consents consents ->
          send(Kind.RELEASE, times.of(Work.MASK, round, () -> release(now, consents)));
    }
    return Optional.empty();
  }

  private Attempt drawn(RoundTask task, StudyPlan plan) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    ParameterLayout layout = StudyModel.layout(plan);
    Fingerprint context =
        RoundTerms.context(task, layout.length() + UpdateManifest.TRAILER).digest();
    List<SiteId> participants =
        terms.participants().stream().map(RoundTask.Participant::site).toList();
    MaskTerms mask =
        new MaskTerms(
            context,
            participants.size(),
            terms.threshold(),
            Math.max(terms.threshold(), terms.quorum()));
    try (MaskSecrets secrets = MaskSecrets.draw(network.random())) {
      return new Attempt(
          task,
          new MaskMessage.Place(
              Digest.of(context.bytes()), new RoundId(task.study(), task.round()), task.attempt()),
          participants,
          MaskingSite.of(mask, participants.indexOf(self.site()), secrets));
    }
  }

  private ReleasedMask shares(Attempt now, MaskOrder.KeyBook book) throws IOException {
    SortedMap<Integer, MaskKeys> everyone = new TreeMap<>();
    for (Map.Entry<SiteId, MaskOrder.Entry> one : book.entries().entrySet()) {
      int number = now.number(one.getKey());
      VerifyingKey key = peer(now, number, one.getKey(), one.getValue().signingChain());
      now.peers.put(number, key);
      MaskMessage.Keys keys =
          MaskCodec.keys(open(key, SignedKind.MASK_KEYS, one.getValue().keys()));
      everyone.put(
          number, new MaskKeys(keys.maskKey(), keys.shareKey(), print(keys.selfCommitment())));
    }
    try {
      return exit.parcels(now.place, now.site.site(), now.site.share(everyone));
    } catch (MaskRefused refused) {
      throw refused(refused);
    }
  }

  private Masks received(Attempt now, MaskOrder.Parcels order) throws IOException {
    SortedMap<Integer, Parcel> parcels = new TreeMap<>();
    for (SignedBytes signed : order.parcels()) {
      MaskMessage.Parcel parcel = MaskCodec.parcel(signed.body());
      byte[] _ = open(known(now, parcel.from()), SignedKind.MASK_PARCEL, signed);
      parcels.put(
          parcel.from(),
          new Parcel(
              parcel.envelope(),
              parcel.ciphertext(),
              print(parcel.pairCommitment()),
              print(parcel.selfCommitment())));
    }
    try {
      return now.site.receive(parcels);
    } catch (MaskRefused refused) {
      throw refused(refused);
    }
  }

  private ReleasedMask consent(Attempt now, MaskOrder.Survivors order) throws IOException {
    SortedMap<Integer, Fingerprint> accepted = new TreeMap<>();
    for (Map.Entry<SiteId, Digest> one : order.uploads().entrySet()) {
      accepted.put(now.number(one.getKey()), print(one.getValue()));
    }
    try {
      return exit.consent(now.place, now.site.consent(accepted));
    } catch (MaskRefused refused) {
      throw refused(refused);
    }
  }

  private ReleasedMask release(Attempt now, MaskOrder.Consents order) throws IOException {
    Set<Integer> signers = new TreeSet<>();
    for (Map.Entry<SiteId, SignedBytes> one : order.consents().entrySet()) {
      int number = now.number(one.getKey());
      byte[] _ = open(known(now, number), SignedKind.MASK_CONSENT, one.getValue());
      boolean _ = signers.add(number);
    }
    try {
      Fingerprint own = now.site.progress().consented().orElseThrow();
      return exit.release(
          now.place, own, now.site.release(own, signers), now.site.salts(own, signers));
    } catch (MaskRefused refused) {
      throw refused(refused);
    }
  }

  private void send(Kind kind, ReleasedMask message) throws IOException {
    Intake outcome =
        times.of(
            Work.MASK_INTAKE,
            message.round().number(),
            () ->
                network
                    .studies()
                    .mask(self.site(), message.round().study(), kind, message.messages()));
    // Once the others' shares suffice the attempt is over; a node takes note and goes on.
    boolean late = kind == Kind.CONSENT || kind == Kind.RELEASE;
    if (outcome instanceof Intake.Rejected(Intake.Why why, String detail)
        && !(late && why == Intake.Why.WRONG_ROUND)) {
      throw new IOException("crowd: %s: %s".formatted(why, detail));
    }
  }

  private static VerifyingKey known(Attempt now, int number) throws IOException {
    VerifyingKey key = now.peers.get(number);
    if (key == null) {
      throw new IOException("crowd: no key of site number " + number);
    }
    return key;
  }

  private VerifyingKey peer(Attempt now, int number, SiteId named, List<byte[]> chain)
      throws IOException {
    try {
      List<X509Certificate> certificates = ChainCheck.parse(chain);
      SpiffeId id = network.chains().verify(certificates, SpiffeId.Kind.SITE_SIGNING);
      Digest digest = Digest.of(Fingerprint.of(certificates.getFirst().getPublicKey()).bytes());
      RoundTask.Participant expected = now.task.terms().orElseThrow().participants().get(number);
      if (!id.siteName().equals(Optional.of(named.value()))
          || !digest.equals(expected.signingKey())) {
        throw new IOException("crowd: the certificate of %s is of %s".formatted(named, id));
      }
      return VerifyingKey.of(certificates.getFirst());
    } catch (ChainRefused refused) {
      throw new IOException("crowd: the chain of " + named, refused);
    }
  }

  private static byte[] open(VerifyingKey key, SignedKind kind, SignedBytes signed)
      throws IOException {
    if (!key.verify(kind.label(), signed.body(), signed.signature())) {
      throw new IOException("crowd: a signature in masking is not valid");
    }
    return signed.body();
  }

  private static Fingerprint print(Digest digest) {
    return new Fingerprint(digest.bytes());
  }

  private IOException refused(MaskRefused refused) {
    return new IOException(
        "crowd: masking at %s: %s".formatted(self.site(), refused.getMessage()), refused);
  }
}
