package org.consilium.protocol;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a site is asked to do for one round, or one monitoring window, and one model version.
 *
 * @param kind train or validate
 * @param study the study
 * @param studyDigest digest of the plan that the site approved
 * @param round round number; in a monitoring window the last round
 * @param attempt counted from 1
 * @param window monitoring window counted from 1; 0 in a round
 * @param model the parameters to start from or to judge
 * @param remaining time left until late work no longer counts
 * @param terms how the delta is to be protected; present exactly when kind is TRAIN
 */
public record RoundTask(
    Kind kind,
    StudyId study,
    Digest studyDigest,
    int round,
    int attempt,
    int window,
    ModelReference model,
    Duration remaining,
    Optional<Terms> terms) {
  /** Smallest log2 of a tensor's range that a task can carry. */
  public static final int SCALE_EXPONENT_MIN = -60;

  /** Largest log2 of a tensor's range that a task can carry. */
  public static final int SCALE_EXPONENT_MAX = 20;

  public RoundTask {
    StudyPlan.check(
        round >= 1 && round <= Limits.ROUNDS_MAX, "round must be 1-" + Limits.ROUNDS_MAX, round);
    StudyPlan.check(attempt >= 1 && attempt <= 1000, "attempt must be 1-1000", attempt);
    StudyPlan.check(
        window >= 0 && window <= Limits.WINDOWS_MAX,
        "window must be 0-" + Limits.WINDOWS_MAX,
        window);
    StudyPlan.check(
        terms.isPresent() == (kind == Kind.TRAIN),
        "terms must come with TRAIN and only then",
        kind);
    StudyPlan.check(!remaining.isNegative(), "remaining must not be negative", remaining);
  }

  /**
   * Whether another task of the same study came after this one: of a later round, or of a later
   * attempt at the same one.
   */
  public boolean precedes(RoundTask other) {
    return round < other.round
        || (round == other.round && window == other.window && attempt < other.attempt);
  }

  /** What is asked. */
  public enum Kind {
    TRAIN,
    VALIDATE
  }

  /**
   * A model version and what is needed to fetch and check it.
   *
   * @param version SHA-256 of the file
   * @param fileBytes length of the file
   * @param layoutDigest digest of names and shapes
   */
  public record ModelReference(ModelVersion version, long fileBytes, Digest layoutDigest) {
    public ModelReference {
      StudyPlan.check(
          fileBytes > 0 && fileBytes <= 5L * Limits.PARAMETERS_MAX,
          "model file bytes must be positive and at most 10 GiB",
          fileBytes);
    }
  }

  /**
   * One participant.
   *
   * @param site who
   * @param signingKey SHA-256 of its signing key's SubjectPublicKeyInfo
   * @param weight integer weight that the aggregation rule gave it; 0: the plan's weighting decides
   */
  public record Participant(SiteId site, Digest signingKey, int weight) {
    public Participant {
      StudyPlan.check(
          weight >= 0 && weight <= Limits.WEIGHT_MAX,
          "participant's weight must be 0-" + Limits.WEIGHT_MAX,
          weight);
    }
  }

  /**
   * How a delta is protected in this round; the signed round specification.
   *
   * @param federation trust domain of the consortium
   * @param participants sorted by site
   * @param quorum fewest accepted updates
   * @param clip S, largest L2 norm
   * @param weightMax W
   * @param referenceSamples N_ref of the weight rule
   * @param scaleExponents per tensor in layout order, log2 of its largest magnitude C_T
   * @param aggregationKey X-Wing public key
   * @param aggregationChain DER certificates that vouch for it, leaf first
   * @param threshold of masking: shares that rebuild a secret; 0 where nothing is masked
   * @param ring in which the integers are added; of 32 bits where nothing is masked
   */
  public record Terms(
      String federation,
      List<Participant> participants,
      int quorum,
      double clip,
      int weightMax,
      int referenceSamples,
      List<Integer> scaleExponents,
      byte[] aggregationKey,
      List<byte[]> aggregationChain,
      int threshold,
      Exposure.Ring ring) {
    /** In 32 bits. */
    public Terms(
        String federation,
        List<Participant> participants,
        int quorum,
        double clip,
        int weightMax,
        int referenceSamples,
        List<Integer> scaleExponents,
        byte[] aggregationKey,
        List<byte[]> aggregationChain,
        int threshold) {
      this(
          federation,
          participants,
          quorum,
          clip,
          weightMax,
          referenceSamples,
          scaleExponents,
          aggregationKey,
          aggregationChain,
          threshold,
          Exposure.Ring.BITS_32);
    }

    public Terms {
      participants = List.copyOf(participants);
      scaleExponents = List.copyOf(scaleExponents);
      aggregationKey = aggregationKey.clone();
      aggregationChain = aggregationChain.stream().map(byte[]::clone).toList();
      StudyPlan.check(
          participants.size() >= Limits.PARTICIPANTS_MIN
              && participants.size() <= Limits.PARTICIPANTS_MAX,
          "participants must be %d-%d".formatted(Limits.PARTICIPANTS_MIN, Limits.PARTICIPANTS_MAX),
          participants.size());
      List<SiteId> order = participants.stream().map(Participant::site).toList();
      StudyPlan.check(
          order.equals(order.stream().sorted().distinct().toList()),
          "participants must be sorted and distinct",
          order);
      StudyPlan.check(
          quorum >= 1 && quorum <= participants.size(), "quorum must be 1 to participants", quorum);
      StudyPlan.check(clip > 0 && clip <= 1e6, "clip must be in (0, 1e6]", clip);
      StudyPlan.check(
          weightMax >= 1 && weightMax <= Limits.WEIGHT_MAX, "weightMax must be 1-64", weightMax);
      StudyPlan.check(referenceSamples >= 1, "referenceSamples must be positive", referenceSamples);
      StudyPlan.check(
          !scaleExponents.isEmpty()
              && scaleExponents.size() <= Limits.TENSORS_MAX
              && scaleExponents.stream()
                  .allMatch(e -> e >= SCALE_EXPONENT_MIN && e <= SCALE_EXPONENT_MAX),
          "scale exponents must be one a tensor, each %d to %d"
              .formatted(SCALE_EXPONENT_MIN, SCALE_EXPONENT_MAX),
          scaleExponents.size());
      StudyPlan.check(
          threshold >= 0 && threshold <= participants.size(),
          "threshold must be 0 to participants",
          threshold);
      StudyPlan.check(
          threshold > 0 || ring == Exposure.Ring.BITS_32,
          "the ring must have 32 bits where nothing is masked",
          ring.bits());
      StudyPlan.check(
          !aggregationChain.isEmpty() && aggregationChain.size() <= 5,
          "aggregation chain must have 1-5 certificates",
          aggregationChain.size());
    }

    @Override
    public byte[] aggregationKey() {
      return aggregationKey.clone();
    }

    @Override
    public List<byte[]> aggregationChain() {
      return aggregationChain.stream().map(byte[]::clone).toList();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Terms t
          && federation.equals(t.federation)
          && participants.equals(t.participants)
          && quorum == t.quorum
          && clip == t.clip
          && weightMax == t.weightMax
          && referenceSamples == t.referenceSamples
          && threshold == t.threshold
          && ring == t.ring
          && scaleExponents.equals(t.scaleExponents)
          && Arrays.equals(aggregationKey, t.aggregationKey)
          && Arrays.deepEquals(
              aggregationChain.toArray(byte[][]::new), t.aggregationChain.toArray(byte[][]::new));
    }

    @Override
    public int hashCode() {
      return Objects.hash(federation, participants, quorum, Arrays.hashCode(aggregationKey));
    }
  }
}
