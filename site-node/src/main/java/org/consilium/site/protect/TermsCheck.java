package org.consilium.site.protect;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.mask.MaskTerms;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainJudge;
import org.consilium.security.sign.ChainRefused;
import org.consilium.site.policy.Why;

/**
 * Whether a round's terms are what the hospital approved, checked before anything is encrypted: the
 * key that will be able to read the update, who takes part, and that no bound is looser than the
 * plan.
 */
final class TermsCheck {
  private final ChainJudge chains;
  private final String trustDomain;
  private final SiteIdentity self;

  TermsCheck(ChainJudge chains, SiteIdentity self) {
    this.chains = chains;
    this.trustDomain = self.trustDomain();
    this.self = self;
  }

  Optional<Protection.Refused> refusal(
      RoundTask task, StudyPlan plan, int minSites, ParameterLayout layout) {
    RoundTask.Terms terms = task.terms().orElseThrow();
    if (!terms.federation().equals(trustDomain)) {
      return refused(Why.BAD_SIGNATURE, "the terms are of another federation");
    }
    if (!layout.digest().equals(task.model().layoutDigest())) {
      return refused(Why.BAD_MODEL, "the delta's layout is not the task's");
    }
    if (terms.scaleExponents().size() != layout.tensors().size()) {
      return refused(
          Why.BAD_MODEL,
          "%d scale exponents for %d tensors"
              .formatted(terms.scaleExponents().size(), layout.tensors().size()));
    }
    if (terms.participants().size() < minSites) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d participants, at least %d".formatted(terms.participants().size(), minSites));
    }
    boolean listed =
        terms.participants().stream()
            .anyMatch(
                p ->
                    p.site().equals(self.site())
                        && RoundTerms.fingerprint(p.signingKey()).equals(self.signingKey()));
    if (!listed) {
      return refused(Why.BAD_SIGNATURE, "this site's signing key is not among the participants");
    }
    return looser(terms, plan).or(() -> masking(terms, plan)).or(() -> aggregationKey(task, terms));
  }

  private static Optional<Protection.Refused> looser(RoundTask.Terms terms, StudyPlan plan) {
    int range = Math.getExponent(plan.protection().range());
    boolean strangers =
        !new HashSet<>(plan.participation().sites())
            .containsAll(terms.participants().stream().map(RoundTask.Participant::site).toList());
    if (strangers) {
      return refused(Why.NOT_APPROVED, "a participant is not in the approved plan");
    }
    if (!weightsFit(terms, plan)) {
      return refused(
          Why.NOT_APPROVED, "the participants' weights are not what the approved plan allows");
    }
    if (terms.quorum() < plan.participation().quorum()
        || terms.clip() > plan.protection().clip()
        || terms.weightMax() > plan.protection().weightMax()
        || terms.scaleExponents().stream().anyMatch(e -> e > range)) {
      return refused(
          Why.NOT_APPROVED,
          "quorum %d, clip %s, weight %d or a scale is looser than the approved plan"
              .formatted(terms.quorum(), terms.clip(), terms.weightMax()));
    }
    return Optional.empty();
  }

  /** Fewer shares than t would let some sites and the coordinator free a single update. */
  private static Optional<Protection.Refused> masking(RoundTask.Terms terms, StudyPlan plan) {
    int sites = terms.participants().size();
    int range = Math.getExponent(plan.protection().range());
    Exposure.Ring ring = plan.protection().exposure().ring();
    if (terms.ring() != ring) {
      return refused(
          Why.NOT_APPROVED,
          "a ring of %d bits, approved were %d".formatted(terms.ring().bits(), ring.bits()));
    }
    if (ring == Exposure.Ring.BITS_64
        && terms.scaleExponents().stream().anyMatch(e -> e != range)) {
      return refused(Why.NOT_APPROVED, "in a ring of 64 bits every scale is 2^" + range);
    }
    return switch (plan.protection().exposure()) {
      case Exposure.Sealed _ ->
          terms.threshold() == 0
              ? Optional.empty()
              : refused(Why.NOT_APPROVED, "masking in a study that was approved as sealed");
      case Exposure.Masked _ when sites < MaskTerms.SITES_MIN ->
          refused(
              Why.TOO_FEW_SITES,
              "%d participants hide nobody, at least %d".formatted(sites, MaskTerms.SITES_MIN));
      case Exposure.Masked _ ->
          terms.threshold() == MaskTerms.threshold(sites)
              ? Optional.empty()
              : refused(
                  Why.NOT_APPROVED,
                  "a threshold of %d for %d sites, not %d"
                      .formatted(terms.threshold(), sites, MaskTerms.threshold(sites)));
    };
  }

  /** Only FedDG-GA gives weights: then to every participant, and none above the bound. */
  private static boolean weightsFit(RoundTask.Terms terms, StudyPlan plan) {
    boolean given = plan.aggregation().rule() == Aggregation.Rule.FEDDG_GA;
    return terms.participants().stream()
        .mapToInt(RoundTask.Participant::weight)
        .allMatch(w -> given ? w >= 1 && w <= terms.weightMax() : w == 0);
  }

  private Optional<Protection.Refused> aggregationKey(RoundTask task, RoundTask.Terms terms) {
    try {
      List<X509Certificate> chain = ChainCheck.parse(terms.aggregationChain());
      SpiffeId id = chains.verify(chain, SpiffeId.Kind.AGGREGATOR);
      if (!id.equals(SpiffeId.aggregator(trustDomain, task.study().value()))) {
        return refused(Why.BAD_SIGNATURE, "the aggregation key is of %s".formatted(id));
      }
      Optional<Fingerprint> vouched = Leaf.sealingKey(chain.getFirst());
      if (!vouched.equals(Optional.of(Fingerprint.sha256(terms.aggregationKey())))) {
        return refused(Why.BAD_SIGNATURE, "the aggregation key is not the one in its certificate");
      }
      return Optional.empty();
    } catch (ChainRefused | CertificateException refused) {
      return refused(Why.BAD_SIGNATURE, "aggregation chain: " + refused.getMessage());
    }
  }

  private static Optional<Protection.Refused> refused(Why why, String detail) {
    return Optional.of(new Protection.Refused(why, detail));
  }
}
