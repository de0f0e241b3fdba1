package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.protocol.wire.TaskCodec;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.mask.MaskKeys;
import org.consilium.security.mask.MaskRefused;
import org.consilium.security.mask.MaskSecrets;
import org.consilium.security.mask.MaskTerms;
import org.consilium.security.mask.MaskingSite;
import org.consilium.security.mask.Masks;
import org.consilium.security.mask.Parcel;
import org.consilium.security.mask.ReleasedShare;

/** The sites of a masked study: each answers what is pending, with the real protocol. */
final class MaskedSites {
  private final TestConsortium c;
  private final Map<String, Attempt> attempts = new HashMap<>();
  private final Map<String, TestSite.Sealed> updates = new HashMap<>();

  /** Sites that do not send an update. */
  final Set<SiteId> silent = new TreeSet<>();

  /** What a site does to the shares that it releases. */
  final Map<SiteId, UnaryOperator<MaskMessage.Share>> liars = new HashMap<>();

  /** What a site does to the shares that it deals. */
  final Map<SiteId, UnaryOperator<MaskMessage.Parcel>> dealers = new HashMap<>();

  /** How many of its parcels a site sends, if not all. */
  final Map<SiteId, Integer> kept = new HashMap<>();

  /** What a site does to its values before they are masked. */
  final Map<SiteId, java.util.function.Consumer<int[]>> forgers = new HashMap<>();

  /** By round, the plain sum over the sites, trailer included, in the ring of 64 bits. */
  final Map<Integer, long[]> sums = new TreeMap<>();

  /** What was refused to a site last. */
  final Map<SiteId, Intake.Rejected> refused = new HashMap<>();

  MaskedSites(TestConsortium c) {
    this.c = c;
  }

  /** One site's part in one attempt. */
  static final class Attempt {
    final MaskMessage.Place place;
    final List<SiteId> participants;
    final MaskingSite site;
    Masks masks;

    Attempt(MaskMessage.Place place, List<SiteId> participants, MaskingSite site, Masks masks) {
      this.place = place;
      this.participants = participants;
      this.site = site;
      this.masks = masks;
    }
  }

  /** Has a site do all that is pending for it. */
  void act(SiteId id) throws IOException {
    for (Outgoing message : c.studies().pending(id, _ -> false)) {
      try {
        switch (message.kind()) {
          case PROPOSAL -> propose(id, PlanCodec.planBytes(message.body()));
          case TASK -> task(id, TaskCodec.decode(message.body()));
          case MASK_ORDER -> order(id, MaskCodec.order(message.body()));
          default -> throw new AssertionError(message.kind());
        }
      } catch (MaskRefused wrong) {
        throw new AssertionError(wrong);
      }
    }
  }

  /** The messages of masking that a site sends, whatever the coordinator answers. */
  Intake send(SiteId id, Kind kind, List<? extends MaskMessage> messages) throws IOException {
    List<SignedBytes> signed = new ArrayList<>();
    for (MaskMessage message : messages) {
      byte[] body = MaskCodec.encode(message);
      signed.add(new SignedBytes(body, c.site(id).sign(MaskCodec.kind(message), body)));
    }
    Intake intake = c.studies().mask(id, TestConsortium.STUDY, kind, signed);
    if (intake instanceof Intake.Rejected rejected) {
      refused.put(id, rejected);
    }
    return intake;
  }

  /** What a site masks in now. */
  Attempt attempt(SiteId id, RoundTask task) {
    return attempts.computeIfAbsent(
        "%s/%d/%d".formatted(id, task.round(), task.attempt()), _ -> drawn(id, task));
  }

  private Attempt drawn(SiteId id, RoundTask task) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    List<SiteId> participants =
        terms.participants().stream().map(RoundTask.Participant::site).toList();
    Digest context = c.site(id).contextOf(task, c.snapshot().plan());
    MaskTerms mask =
        new MaskTerms(
            new Fingerprint(context.bytes()),
            participants.size(),
            terms.threshold(),
            Math.max(terms.threshold(), terms.quorum()));
    return new Attempt(
        new MaskMessage.Place(context, new RoundId(task.study(), task.round()), task.attempt()),
        participants,
        MaskingSite.of(mask, participants.indexOf(id), MaskSecrets.draw(c.random)),
        Masks.ofSite(0, new byte[32], Map.of()));
  }

  private void propose(SiteId id, byte[] plan) throws IOException {
    var _ = c.studies().decide(id, Digest.sha256(plan), true, "", c.site(id).samples());
  }

  private void task(SiteId id, RoundTask task) throws IOException {
    if (task.terms().isEmpty()) {
      byte[] body = c.site(id).report(task);
      var _ = c.studies().report(id, body, c.site(id).sign(SignedKind.REPORT, body));
      return;
    }
    Attempt attempt = attempt(id, task);
    MaskKeys keys = attempt.site.keys();
    Intake _ =
        send(
            id,
            Kind.KEYS,
            List.of(
                new MaskMessage.Keys(
                    attempt.place,
                    keys.maskKey(),
                    keys.shareKey(),
                    Digest.of(keys.selfCommitment().bytes()))));
    if (attempt.site.progress().parcels().isPresent() && !silent.contains(id)) {
      Intake _ = c.send(id, update(id, task, attempt));
    }
  }

  TestSite.Sealed update(SiteId id, RoundTask task, Attempt attempt) {
    StudyPlan plan = c.snapshot().plan();
    return updates.computeIfAbsent(
        "%s/%d/%d".formatted(id, task.round(), task.attempt()),
        _ -> {
          TestSite.Sealed made = c.site(id).train(task, plan, hiding(id, task, attempt), 1);
          try {
            attempt.site.uploaded(new Fingerprint(made.upload().bytes()));
          } catch (MaskRefused impossible) {
            throw new AssertionError(impossible);
          }
          return made;
        });
  }

  private TestSite.Spoil hiding(SiteId id, RoundTask task, Attempt attempt) {
    return new TestSite.Spoil() {
      @Override
      public void spoil(int[] vector) {
        forgers.getOrDefault(id, _ -> {}).accept(vector);
        attempt.masks.addTo(vector, 0, vector.length, 0);
      }

      @Override
      public void spoil(long[] vector) {
        long[] sum = sums.computeIfAbsent(task.round(), _ -> new long[vector.length]);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += vector[i];
        }
        attempt.masks.addTo(vector, 0, vector.length, 0);
      }
    };
  }

  /** Says of a dealer what is true, and takes no part in the round. */
  private void complain(SiteId id, Attempt attempt, MaskRefused refused) throws IOException {
    MaskMessage.Complaint.Why why = MaskMessage.Complaint.Why.valueOf(refused.why().name());
    Intake _ =
        send(
            id,
            Kind.COMPLAINT,
            List.of(new MaskMessage.Complaint(attempt.place, refused.site().orElseThrow(), why)));
    var _ =
        c.studies()
            .decline(id, TestConsortium.STUDY, attempt.place.round().number(), "MASK_REFUSED");
  }

  private void order(SiteId id, MaskOrder order) throws IOException, MaskRefused {
    Attempt attempt =
        Objects.requireNonNull(
            attempts.get(
                "%s/%d/%d".formatted(id, order.place().round().number(), order.place().attempt())));
    switch (order) {
      case MaskOrder.KeyBook book -> {
        SortedMap<Integer, MaskKeys> everyone = new TreeMap<>();
        book.entries()
            .forEach(
                (site, entry) -> {
                  MaskMessage.Keys k = MaskCodec.keys(entry.keys().body());
                  everyone.put(
                      attempt.participants.indexOf(site),
                      new MaskKeys(k.maskKey(), k.shareKey(), print(k.selfCommitment())));
                });
        List<MaskMessage.Parcel> dealt =
            parcels(attempt, attempt.site.share(everyone)).stream()
                .map(dealers.getOrDefault(id, UnaryOperator.identity()))
                .limit(kept.getOrDefault(id, Integer.MAX_VALUE))
                .toList();
        Intake _ = send(id, Kind.PARCELS, dealt);
      }
      case MaskOrder.Parcels parcels -> {
        SortedMap<Integer, Parcel> mine = new TreeMap<>();
        for (SignedBytes signed : parcels.parcels()) {
          MaskMessage.Parcel p = MaskCodec.parcel(signed.body());
          mine.put(
              p.from(),
              new Parcel(
                  p.envelope(),
                  p.ciphertext(),
                  print(p.pairCommitment()),
                  print(p.selfCommitment())));
        }
        try {
          attempt.masks = attempt.site.receive(mine);
        } catch (MaskRefused bad) {
          complain(id, attempt, bad);
        }
      }
      case MaskOrder.Survivors survivors -> {
        SortedMap<Integer, Fingerprint> accepted = new TreeMap<>();
        survivors
            .uploads()
            .forEach((s, u) -> accepted.put(attempt.participants.indexOf(s), print(u)));
        Digest agreed = Digest.of(attempt.site.consent(accepted).bytes());
        Intake _ = send(id, Kind.CONSENT, List.of(new MaskMessage.Consent(attempt.place, agreed)));
      }
      case MaskOrder.Consents consents -> release(id, attempt, consents);
    }
  }

  private void release(SiteId id, Attempt attempt, MaskOrder.Consents consents)
      throws IOException, MaskRefused {
    Set<Integer> signers = new TreeSet<>();
    consents.consents().keySet().forEach(s -> signers.add(attempt.participants.indexOf(s)));
    Fingerprint own = attempt.site.progress().consented().orElseThrow();
    SortedMap<Integer, byte[]> salts = attempt.site.salts(own, signers);
    List<MaskMessage.Share> shares = new ArrayList<>();
    attempt
        .site
        .release(own, signers)
        .forEach(
            (of, share) ->
                shares.add(
                    liars
                        .getOrDefault(id, UnaryOperator.identity())
                        .apply(
                            new MaskMessage.Share(
                                of,
                                share.kind() == ReleasedShare.Kind.PAIR_KEY,
                                share.share().bytes(),
                                salts.getOrDefault(of, new byte[0])))));
    Intake _ =
        send(
            id,
            Kind.RELEASE,
            List.of(new MaskMessage.Release(attempt.place, Digest.of(own.bytes()), shares)));
  }

  private static List<MaskMessage.Parcel> parcels(
      Attempt attempt, SortedMap<Integer, Parcel> parcels) {
    List<MaskMessage.Parcel> messages = new ArrayList<>();
    parcels.forEach(
        (to, p) ->
            messages.add(
                new MaskMessage.Parcel(
                    attempt.place,
                    attempt.site.site(),
                    to,
                    p.envelope(),
                    p.ciphertext(),
                    Digest.of(p.commitmentK().bytes()),
                    Digest.of(p.commitmentB().bytes()))));
    return messages;
  }

  private static Fingerprint print(Digest digest) {
    return new Fingerprint(digest.bytes());
  }
}
