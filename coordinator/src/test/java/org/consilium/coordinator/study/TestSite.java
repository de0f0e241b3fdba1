package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.coordinator.round.Opening;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.protocol.wire.ReportCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.fixed.ExactQuantiser;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.RoundingStream;
import org.consilium.security.fixed.WeightRule;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.seal.UpdateSealer;
import org.consilium.security.sign.SigningKey;

/** A site that makes real sealed updates of a delta drawn from its name and the round. */
final class TestSite {
  private final SiteId id;
  private final int samples;
  private final Credential signing;
  private final SigningKey key;
  private final EnrolledSite enrolled;

  /** By how much the site's own model is better than the global one. */
  double localAdvantage;

  /** What it learned in a task, in layout order; a delta drawn by its name when there is none. */
  interface Learner {
    float[] delta(RoundTask task);
  }

  Optional<Learner> learner = Optional.empty();

  /** The task that a delta was trained for, while it is sent with a later one. */
  private Optional<RoundTask> origin = Optional.empty();

  /** The weights of the updates it made. */
  final List<Integer> weights = new ArrayList<>();

  TestSite(SiteId id, int samples, CertificateAuthority authority, SecureRandom random)
      throws IOException {
    this.id = id;
    this.samples = samples;
    KeyRequest request = KeyRequest.signing(random);
    try {
      this.signing =
          request.with(
              authority.issue(
                  request.pkcs10(),
                  SpiffeId.siteSigning(authority.trustDomain(), id.value()),
                  Leaf.SITE_SIGNING));
    } catch (CertificateRefused refused) {
      throw new IllegalStateException(refused);
    }
    this.key = SigningKey.of(signing);
    this.enrolled =
        new EnrolledSite(
            id, signing.chain(), Digest.of(Fingerprint.of(signing.leaf().getPublicKey()).bytes()));
  }

  SiteId id() {
    return id;
  }

  int samples() {
    return samples;
  }

  EnrolledSite enrolled() {
    return enrolled;
  }

  byte[] sign(SignedKind kind, byte[] body) {
    return key.sign(kind.label(), body);
  }

  /** A sealed update: the signed manifest and its chunks. */
  record Sealed(UpdateManifest manifest, byte[] body, byte[] signature, List<byte[]> chunks) {
    Digest upload() {
      return Digest.sha256(body);
    }
  }

  /** What a test may spoil before sealing. */
  interface Spoil {
    void spoil(int[] vector);

    /** The same in the ring of 64 bits. */
    default void spoil(long[] vector) {}
  }

  Sealed train(RoundTask task, StudyPlan plan) {
    return train(task, plan, _ -> {}, 1);
  }

  /** What it learned in an earlier task, as its update of a later one. */
  Sealed carry(RoundTask earlier, RoundTask task, StudyPlan plan) {
    origin = Optional.of(earlier);
    try {
      return train(task, plan);
    } finally {
      origin = Optional.empty();
    }
  }

  /**
   * Makes the update of a task.
   *
   * @param declare factor on the declared norm
   */
  Sealed train(RoundTask task, StudyPlan plan, Spoil spoil, double declare) {
    ParameterLayout layout =
        RoundLayout.of(Catalogue.require(plan.model()).layout(), plan.aggregation());
    RoundTask.Terms terms = task.terms().orElseThrow();
    WeightRule rule =
        plan.aggregation().weighting() == Aggregation.Weighting.SAMPLES
            ? WeightRule.SAMPLES
            : WeightRule.UNIFORM;
    int given =
        terms.participants().stream()
            .filter(p -> p.site().equals(id))
            .mapToInt(RoundTask.Participant::weight)
            .sum();
    int whole =
        given > 0 ? given : rule.weight(samples, terms.referenceSamples(), terms.weightMax());
    int weight =
        origin.isPresent() && plan.participation().late() instanceof Late.Carry carry
            ? carry.weight(whole, task.round() - origin.get().round())
            : whole;
    weights.add(weight);
    int length = Math.toIntExact(layout.length()) + UpdateManifest.TRAILER;
    Digest context = context(task, plan, layout, terms);
    if (terms.ring() == Exposure.Ring.BITS_64) {
      long[] vector = new long[length];
      double norm = exact(task, layout, weight, vector);
      spoil.spoil(vector);
      ByteBuffer plain = ByteBuffer.allocate(8 * length).order(ByteOrder.LITTLE_ENDIAN);
      plain.asLongBuffer().put(vector);
      return sealed(task, length, plain.array(), weight, norm * declare, context);
    }
    int[] vector = new int[length];
    double norm = quantised(task, plan, layout, weight, vector);
    vector[vector.length - 2] = weight;
    spoil.spoil(vector);
    ByteBuffer plain = ByteBuffer.allocate(4 * length).order(ByteOrder.LITTLE_ENDIAN);
    plain.asIntBuffer().put(vector);
    return sealed(task, length, plain.array(), weight, norm * declare, context);
  }

  /** A drawn delta in the ring of 64 bits, with its trailer. */
  private double exact(RoundTask task, ParameterLayout layout, int weight, long[] vector) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    FixedTerms fixed = FixedTerms.exact(terms.weightMax(), terms.participants().size());
    SplittableRandom random = new SplittableRandom("%s/%d".formatted(id, task.round()).hashCode());
    float[] delta = new float[Math.toIntExact(layout.length())];
    double squares = 0;
    for (int i = 0; i < delta.length; i++) {
      delta[i] = (float) (0.01 * random.nextGaussian());
      squares += (double) delta[i] * delta[i];
    }
    try {
      var _ =
          new ExactQuantiser(fixed)
              .quantise(new Quantiser.Run(0, delta.length, 24, 1, weight), delta, 0, vector, 0);
    } catch (NotFinite impossible) {
      throw new IllegalStateException(impossible);
    }
    vector[vector.length - 2] = weight;
    return Math.sqrt(squares);
  }

  /** What the updates of a task are bound to. */
  Digest contextOf(RoundTask task, StudyPlan plan) {
    ParameterLayout layout =
        RoundLayout.of(Catalogue.require(plan.model()).layout(), plan.aggregation());
    return context(task, plan, layout, task.terms().orElseThrow());
  }

  private static Digest context(
      RoundTask task, StudyPlan plan, ParameterLayout layout, RoundTask.Terms terms) {
    Opening opening =
        new Opening(
            task.round(),
            task.attempt(),
            new org.consilium.coordinator.round.StudyEvent.Model(
                task.model().version(), task.model().fileBytes()),
            terms.participants().stream()
                .map(
                    p ->
                        new org.consilium.coordinator.round.StudyEvent.Member(
                            p.site(), p.signingKey(), 0, p.weight()))
                .toList(),
            terms.quorum(),
            terms.referenceSamples(),
            terms.scaleExponents(),
            java.time.Instant.EPOCH,
            java.time.Instant.EPOCH,
            terms.threshold());
    return RoundContexts.digest(
        terms.federation(),
        plan,
        task.studyDigest(),
        opening,
        layout,
        Fingerprint.sha256(terms.aggregationKey()));
  }

  private double quantised(
      RoundTask task, StudyPlan plan, ParameterLayout layout, int weight, int[] vector) {
    String name = "%s/%d".formatted(id, task.round());
    FixedTerms fixed =
        FixedTerms.of(
            task.terms().orElseThrow().weightMax(),
            task.terms().orElseThrow().participants().size(),
            plan.protection().range());
    Quantiser quantiser =
        new Quantiser(
            fixed, RoundingStream.of(new byte[32], name.getBytes(StandardCharsets.UTF_8)));
    SplittableRandom random = new SplittableRandom(name.hashCode());
    Optional<float[]> learned = learner.map(l -> l.delta(origin.orElse(task)));
    double squares = 0;
    for (int t = 0; t < layout.tensors().size(); t++) {
      int length = Math.toIntExact(layout.tensors().get(t).length());
      int offset = Math.toIntExact(layout.offset(t));
      float[] delta =
          learned
              .map(l -> Arrays.copyOfRange(l, offset, offset + length))
              .orElse(new float[length]);
      for (int i = 0; i < length; i++) {
        delta[i] = learned.isPresent() ? delta[i] : (float) (0.01 * random.nextGaussian());
        if (RoundLayout.part(layout.tensors().get(t).name()) == RoundLayout.Part.STEPS) {
          delta[i] = samples / (float) (2 * task.terms().orElseThrow().referenceSamples());
          continue; // not part of the norm
        }
        squares += (double) delta[i] * delta[i];
      }
      int scale = fixed.scaleExponent(task.terms().orElseThrow().scaleExponents().get(t));
      try {
        vector[vector.length - 1] +=
            quantiser.quantise(
                new Quantiser.Run(offset, length, scale, 1, weight), delta, 0, vector, offset);
      } catch (NotFinite impossible) {
        throw new IllegalStateException(impossible);
      }
    }
    return Math.sqrt(squares);
  }

  @SuppressWarnings("TooManyParameters") // what a manifest says
  private Sealed sealed(
      RoundTask task, int length, byte[] plain, int weight, double norm, Digest context) {
    int total = Math.ceilDiv(plain.length, Limits.CHUNK_PLAIN_BYTES);
    List<byte[]> chunks = new ArrayList<>();
    ByteBuffer digests = ByteBuffer.allocate(total * Digest.BYTES);
    byte[] encapsulation;
    try (UpdateSealer sealer =
        UpdateSealer.to(
            task.terms().orElseThrow().aggregationKey(), context.bytes(), id.value(), total)) {
      encapsulation = sealer.encapsulation();
      for (int i = 0; i < total; i++) {
        int from = i * Limits.CHUNK_PLAIN_BYTES;
        int bytes = Math.min(Limits.CHUNK_PLAIN_BYTES, plain.length - from);
        byte[] chunk = new byte[bytes + Limits.CHUNK_TAG_BYTES];
        int written = sealer.seal(i, plain, from, bytes, chunk, 0);
        if (written != chunk.length) {
          throw new IllegalStateException("sealed %d bytes".formatted(written));
        }
        digests.put(Digest.sha256(chunk).bytes());
        chunks.add(chunk);
      }
    }
    long bytes = chunks.stream().mapToLong(c -> c.length).sum();
    UpdateManifest manifest =
        new UpdateManifest(
            context,
            new RoundId(task.study(), task.round()),
            task.attempt(),
            origin.orElse(task).model().version(),
            origin.map(RoundTask::round).orElse(0),
            task.model().layoutDigest(),
            length,
            weight,
            samples,
            norm,
            0.5,
            new UpdateManifest.Seal(encapsulation, bytes, digests.array()));
    return signed(manifest, chunks);
  }

  Sealed signed(UpdateManifest manifest, List<byte[]> chunks) {
    byte[] body = ManifestCodec.encode(manifest);
    return new Sealed(manifest, body, sign(SignedKind.UPDATE, body), chunks);
  }

  /** A report with an AUROC that grows with the round, and shifts in a window. */
  byte[] report(RoundTask task) {
    List<ValidationReport.Measure> measures = new ArrayList<>();
    double auroc = 0.7 + 0.01 * task.round();
    measures.add(
        new ValidationReport.Measure(
            ValidationReport.Subject.GLOBAL,
            ValidationReport.Cases.HOLDOUT,
            ValidationReport.Quantity.AUROC,
            auroc,
            auroc - 0.05,
            auroc + 0.05));
    if (task.window() == 0) {
      double own = auroc + localAdvantage;
      measures.add(
          new ValidationReport.Measure(
              ValidationReport.Subject.LOCAL_TRAINED,
              ValidationReport.Cases.HOLDOUT,
              ValidationReport.Quantity.AUROC,
              own,
              own - 0.05,
              own + 0.05));
    }
    if (task.window() > 0) {
      measures.add(
          new ValidationReport.Measure(
              ValidationReport.Subject.GLOBAL,
              ValidationReport.Cases.WINDOW,
              ValidationReport.Quantity.AUROC_SHIFT,
              1.5,
              1.5,
              1.5));
    }
    return ReportCodec.encode(
        new ValidationReport(
            new RoundId(task.study(), task.round()),
            task.window(),
            task.model().version(),
            50,
            50,
            measures));
  }
}
