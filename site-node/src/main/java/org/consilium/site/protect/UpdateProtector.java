package org.consilium.site.protect;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Late;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.fixed.CoarseQuantiser;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.WeightRule;
import org.consilium.security.seal.UpdateSealer;
import org.consilium.security.sign.ChainJudge;
import org.consilium.site.policy.Why;
import org.consilium.site.train.Delta;
import org.consilium.site.train.TrainingResult;

/**
 * The only way of a delta out of the hospital: checks the round's terms, refuses what is not
 * finite, clips the whole to the L2 norm S (McMahan et al. 2018), rounds it to weighted fixed
 * point, hides it behind masks in a masked study, encrypts it chunk by chunk to the study's
 * aggregation key, and signs. One pass over a delta that keeps to S, two over one that is clipped,
 * some more where values are encoded narrowly; memory of a few chunks whatever the model's size.
 */
public final class UpdateProtector {
  /** More than every hundredth subnormal coordinate is no training step, and slows every adder. */
  private static final int SUBNORMAL_PART_MAX = 100;

  /** Walks for a factor at which what is sent keeps to S; one is nearly always enough. */
  private static final int NARROW_TRIES = 3;

  private final SiteIdentity self;
  private final TermsCheck check;
  private final int threads;

  /** Studies whose last delta was clipped: the next one's norm is taken before it is sealed. */
  private final Set<StudyId> clipped = ConcurrentHashMap.newKeySet();

  /**
   * For one site.
   *
   * @param chains checks the aggregation key's chain against the consortium's root
   * @param threads that round, encrypt and hash; the result does not depend on it
   */
  public UpdateProtector(SiteIdentity self, ChainJudge chains, int threads) {
    if (threads < 1 || threads > 64) {
      throw new IllegalArgumentException("protect: threads must be 1-64, got " + threads);
    }
    this.self = self;
    this.check = new TermsCheck(chains, self);
    this.threads = threads;
  }

  /**
   * Why the round's terms are not what the hospital approved; empty when they are. {@link #protect}
   * asks this as well; masking asks it before it says anything.
   */
  public Optional<Protection.Refused> refusal(
      RoundTask task, StudyPlan plan, int minSites, ParameterLayout layout) {
    return check.refusal(task, plan, minSites, layout);
  }

  /**
   * Protects a delta. The spool is complete when this returns {@code Sealed}, not yet forced to
   * disk; there is none after a refusal.
   *
   * @throws IOException if the delta cannot be read or the spool cannot be written
   */
  public Protection protect(TrainingResult.Trained trained, Assignment assignment)
      throws IOException {
    Protection outcome = outcome(trained, assignment);
    if (outcome instanceof Protection.Refused) {
      boolean _ = Files.deleteIfExists(assignment.spool()); // it may be whole by then
    }
    return outcome;
  }

  private Protection outcome(TrainingResult.Trained trained, Assignment assignment)
      throws IOException {
    Delta delta = trained.delta();
    ParameterLayout layout = delta.layout();
    Optional<Protection.Refused> refused =
        check.refusal(assignment.task(), assignment.plan(), assignment.minSites(), layout);
    if (refused.isPresent()) {
      return refused.get();
    }
    if (!Double.isFinite(trained.loss()) || trained.loss() < 0) {
      return new Protection.Refused(Why.DIVERGED, "training loss " + trained.loss());
    }
    try (Feedback feedback = feedback(assignment, layout)) {
      return protect(delta, trained.loss(), assignment, feedback);
    } catch (Residuals.Damaged damaged) {
      assignment.residuals().drop(damaged);
    }
    // From the beginning, because some passes may have seen what was damaged; nothing was signed.
    try (Feedback feedback = feedback(assignment, layout)) {
      return protect(delta, trained.loss(), assignment, feedback);
    }
  }

  /** Error feedback of a narrow encoding, or none. */
  private record Feedback(Optional<Residuals.Feedback> of) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      if (of.isPresent()) {
        of.get().close();
      }
    }
  }

  private static Feedback feedback(Assignment assignment, ParameterLayout layout)
      throws IOException {
    return new Feedback(
        assignment.plan().protection().exposure().encoding().narrow()
            ? Optional.of(assignment.residuals().before(assignment.task().round(), layout))
            : Optional.empty());
  }

  private Protection protect(Delta delta, double loss, Assignment assignment, Feedback feedback)
      throws IOException {
    DeltaWalk walk =
        new DeltaWalk(
            delta, FixedTerms.Ring.of(assignment.terms().ring().bits()), feedback.of(), threads);
    DeltaWalk.Rounding full = rounding(assignment);
    StudyId study = assignment.task().study();
    try {
      Norm onTheWay = new Norm(walk.chunks());
      Optional<Pass> whole =
          full.encoding().narrow() || clipped.contains(study)
              ? Optional.empty()
              : whole(walk, full, onTheWay, assignment);
      Norm norm = whole.isPresent() ? onTheWay : walk.norm();
      Optional<Protection.Refused> refused = refusal(norm, walk.layout());
      if (refused.isPresent()) {
        return refused.get();
      }
      double clip = assignment.terms().clip();
      boolean longer = norm.value() > clip;
      boolean _ = longer ? clipped.add(study) : clipped.remove(study);
      Pass pass =
          whole.isPresent() && !longer
              ? whole.get()
              : seal(walk, shortened(walk, full, norm.value(), clip), Optional.empty(), assignment);
      SealedUpdate sealed = signed(pass, norm.value(), loss, assignment);
      if (feedback.of().isPresent()) {
        feedback.of().get().force(); // before the update may be kept
      }
      return new Protection.Sealed(sealed);
    } catch (NotFinite notFinite) {
      return new Protection.Refused(
          Why.DIVERGED,
          "coordinate %d of the delta is not finite".formatted(notFinite.coordinate()));
    }
  }

  private static Optional<Protection.Refused> refusal(Norm norm, ParameterLayout layout) {
    if (!Double.isFinite(norm.value())) {
      return Optional.of(new Protection.Refused(Why.DIVERGED, "the delta's norm is not finite"));
    }
    return norm.subnormals() > layout.length() / SUBNORMAL_PART_MAX
        ? Optional.of(
            new Protection.Refused(
                Why.DIVERGED,
                "%d of %d coordinates of the delta are subnormal"
                    .formatted(norm.subnormals(), layout.length())))
        : Optional.empty();
  }

  /** How the round rounds a delta that keeps to S. */
  private DeltaWalk.Rounding rounding(Assignment assignment) {
    RoundTask task = assignment.task();
    RoundTask.Terms terms = assignment.terms();
    FixedTerms fixed =
        FixedTerms.of(
            terms.weightMax(),
            terms.participants().size(),
            assignment.plan().protection().range(),
            FixedTerms.Ring.of(terms.ring().bits()));
    return new DeltaWalk.Rounding(
        fixed,
        terms.scaleExponents(),
        self.roundingSecret(),
        RoundTerms.roundingLabel(task),
        1,
        weight(assignment),
        assignment.masks(),
        assignment.plan().protection().exposure().encoding(),
        new byte[0]);
  }

  /** The same for a delta of this norm, clipped to S. */
  private static DeltaWalk.Rounding shortened(
      DeltaWalk walk, DeltaWalk.Rounding full, double norm, double clip)
      throws IOException, NotFinite {
    DeltaWalk.Rounding rounding = full.with(norm > clip ? clip / norm : 1, new byte[0]);
    return full.encoding().narrow() ? narrow(walk, rounding, norm, clip) : rounding;
  }

  /** One walk that sealed everything. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Pass(
      DeltaWalk.Rounding rounding,
      long vectorLength,
      byte[] context,
      byte[] encapsulation,
      byte[] digests) {}

  /**
   * Seals as if the delta kept to S, as most do, and takes the norm on the way: nothing is read
   * twice then. Empty if a coordinate is no number; a walk for the norm alone names the first.
   */
  private Optional<Pass> whole(
      DeltaWalk walk, DeltaWalk.Rounding full, Norm norm, Assignment assignment)
      throws IOException {
    try {
      return Optional.of(seal(walk, full, Optional.of(norm), assignment));
    } catch (NotFinite unnamed) {
      return Optional.empty();
    }
  }

  /**
   * Seals with a key of its own: no key ever seals a chunk twice.
   *
   * @param norm is taken on the way; empty if it is known
   */
  private Pass seal(
      DeltaWalk walk, DeltaWalk.Rounding rounding, Optional<Norm> norm, Assignment assignment)
      throws IOException, NotFinite {
    long vectorLength = walk.layout().length() + UpdateManifest.TRAILER;
    byte[] context = RoundTerms.context(assignment.task(), vectorLength).digest().bytes();
    try (UpdateSealer sealer =
            UpdateSealer.to(
                assignment.terms().aggregationKey(), context, self.site().value(), walk.chunks());
        FileChannel spool =
            FileChannel.open(
                assignment.spool(),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING,
                LinkOption.NOFOLLOW_LINKS)) {
      byte[] digests = walk.seal(rounding, sealer, spool, norm);
      return new Pass(rounding, vectorLength, context, sealer.encapsulation(), digests);
    }
  }

  private SealedUpdate signed(Pass pass, double norm, double loss, Assignment assignment) {
    RoundTask task = assignment.task();
    DeltaWalk.Rounding rounding = pass.rounding();
    int chunks = pass.digests().length / Digest.BYTES;
    int valueBytes =
        rounding.encoding().narrow()
            ? rounding.encoding().bytes()
            : assignment.terms().ring().bytes();
    UpdateManifest manifest =
        new UpdateManifest(
            Digest.of(pass.context()),
            new RoundId(task.study(), task.round()),
            task.attempt(),
            assignment.carried().map(Assignment.Carried::base).orElse(task.model().version()),
            assignment.carried().map(Assignment.Carried::round).orElse(0),
            task.model().layoutDigest(),
            pass.vectorLength(),
            rounding.weight(),
            assignment.samples(),
            norm * rounding.factor(),
            rounded(loss),
            new UpdateManifest.Seal(
                pass.encapsulation(),
                valueBytes * pass.vectorLength() + (long) chunks * Limits.CHUNK_TAG_BYTES,
                pass.digests(),
                rounding.shifts()));
    byte[] body = ManifestCodec.encode(manifest);
    byte[] signature = self.key().sign(SignedKind.UPDATE.label(), body);
    return new SealedUpdate(manifest, body, signature, assignment.spool());
  }

  /**
   * The finest steps at which each tensor's largest value fits, and a factor at which also what is
   * sent keeps to S: rounding to nearest at most doubles a value, so that half of S always does.
   */
  private static DeltaWalk.Rounding narrow(
      DeltaWalk walk, DeltaWalk.Rounding full, double norm, double clip)
      throws IOException, NotFinite {
    double[] maxima = walk.maxima();
    double factor = full.factor();
    DeltaWalk.Rounding rounding = full.with(factor, shifts(full, maxima, factor));
    for (int tries = 1; norm * factor > clip / 2; tries++) {
      double sent = walk.coarseNorm(rounding);
      if (sent <= clip) {
        break;
      }
      factor = tries < NARROW_TRIES ? factor * (clip / sent) : clip / 2 / norm;
      rounding = full.with(factor, shifts(full, maxima, factor));
    }
    return rounding;
  }

  private static byte[] shifts(DeltaWalk.Rounding rounding, double[] maxima, double factor) {
    FixedTerms fixed = rounding.fixed();
    CoarseQuantiser quantiser = new CoarseQuantiser(fixed, rounding.encoding().digits());
    byte[] shifts = new byte[maxima.length];
    for (int t = 0; t < shifts.length; t++) {
      int exponent = fixed.scaleExponent(rounding.scaleExponents().get(t));
      shifts[t] = (byte) quantiser.shift(maxima[t] * factor, exponent);
    }
    return shifts;
  }

  /** The weight of a delta of this round, less by staleness for one of an earlier. */
  private int weight(Assignment assignment) {
    int whole = ofThisRound(assignment);
    return assignment.plan().participation().late() instanceof Late.Carry carry
            && assignment.carried().isPresent()
        ? carry.weight(whole, assignment.task().round() - assignment.carried().get().round())
        : whole;
  }

  /** The weight that the round gives this site, or the one that the plan's weighting makes. */
  private int ofThisRound(Assignment assignment) {
    RoundTask.Terms terms = assignment.terms();
    int given =
        terms.participants().stream()
            .filter(p -> p.site().equals(self.site()))
            .mapToInt(RoundTask.Participant::weight)
            .findFirst()
            .orElse(0);
    if (given > 0) {
      return given;
    }
    WeightRule rule =
        switch (assignment.plan().aggregation().weighting()) {
          case SAMPLES -> WeightRule.SAMPLES;
          case UNIFORM -> WeightRule.UNIFORM;
        };
    return rule.weight(assignment.samples(), terms.referenceSamples(), terms.weightMax());
  }

  /** Three decimals, and within what a manifest may declare. */
  private static double rounded(double loss) {
    return Math.min(1e9, Math.rint(loss * 1000) / 1000);
  }
}
