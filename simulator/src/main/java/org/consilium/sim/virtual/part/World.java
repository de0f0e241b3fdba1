package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.consortium.EnrolledSite;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainJudge;
import org.consilium.security.sign.SigningKey;
import org.consilium.sim.virtual.Shape;
import org.consilium.sim.virtual.disk.VirtualDisk;
import org.consilium.sim.virtual.fault.SeededRandom;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.protect.SiteIdentity;
import org.consilium.site.train.StudyModel;

/**
 * What does not change from run to run of one shape: certificates, keys, the plan. Made once,
 * shared by all runs; immutable.
 *
 * @param start time of day at which every run begins
 * @param key file of the study's aggregation key
 * @param chain certificates of that key
 * @param signer the coordinator's
 */
public record World(
    Shape shape,
    Instant start,
    StudyPlan plan,
    byte[] planBytes,
    ParameterLayout layout,
    Map<SiteId, Member> members,
    byte[] key,
    List<X509Certificate> chain,
    SigningKey signer,
    List<X509Certificate> signerChain,
    ChainJudge chains) {
  /** The simulated consortium's name. */
  public static final String DOMAIN = "example.org";

  /** The one study. */
  public static final StudyId STUDY = new StudyId("drill");

  /** When late updates stop counting. */
  static final Duration DEADLINE = Duration.ofMinutes(10);

  private static final Instant ISSUED = Instant.parse("2026-03-01T06:00:00Z");
  private static final int KEY_FILE_BYTES_MAX = 1 << 16;
  private static final String KEY_FILE = "/aggregation";

  public World {
    members = java.util.Collections.unmodifiableMap(new TreeMap<>(members));
    chain = List.copyOf(chain);
    signerChain = List.copyOf(signerChain);
  }

  /**
   * One site's identity.
   *
   * @param samples training examples that it declares
   */
  public record Member(
      SiteIdentity identity, EnrolledSite enrolled, int samples, CohortSource cohort) {
    /** The site. */
    public SiteId site() {
      return identity.site();
    }
  }

  /** Makes the keys and the plan of a shape; the same ones every time. */
  public static World of(Shape shape) {
    try {
      return made(shape);
    } catch (IOException | CertificateRefused impossible) {
      throw new IllegalStateException("make a virtual consortium", impossible);
    }
  }

  private static World made(Shape shape) throws IOException, CertificateRefused {
    SeededRandom random = new SeededRandom(7);
    VirtualDisk.Mount disk = new VirtualDisk().mount((_, _) -> {});
    CertificateAuthority authority =
        CertificateAuthority.create(disk.path("/ca"), DOMAIN, () -> ISSUED, random);
    Map<SiteId, Member> members = new TreeMap<>();
    for (int i = 0; i < shape.sites(); i++) {
      Member member = member("site-%02d".formatted(i + 1), 100 + 50 * i, authority, random);
      members.put(member.site(), member);
    }
    AggregationKey key = AggregationKey.generate(random);
    Path file = disk.path(KEY_FILE);
    key.save(file);
    Credential signer =
        issued(
            authority,
            SpiffeId.coordinatorSigning(DOMAIN, "main"),
            Leaf.COORDINATOR_SIGNING.terms(),
            random);
    Fingerprint sealing = key.publicKeyDigest();
    Credential aggregation =
        issued(
            authority,
            SpiffeId.aggregator(DOMAIN, STUDY.value()),
            Leaf.AGGREGATION.terms().withSealingKey(sealing),
            random);
    StudyPlan plan = plan(shape, List.copyOf(members.keySet()));
    Instant start = ISSUED.plus(Duration.ofHours(3));
    ChainCheck check = new ChainCheck(authority.root(), DOMAIN, InstantSource.fixed(start));
    return new World(
        shape,
        start,
        plan,
        PlanCodec.encode(plan),
        StudyModel.layout(plan),
        members,
        KeyFile.read(file, KEY_FILE_BYTES_MAX),
        aggregation.chain(),
        SigningKey.of(signer),
        signer.chain(),
        new KnownChains(check));
  }

  private static Member member(
      String name, int samples, CertificateAuthority authority, SeededRandom random)
      throws IOException, CertificateRefused {
    Credential signing =
        issued(authority, SpiffeId.siteSigning(DOMAIN, name), Leaf.SITE_SIGNING.terms(), random);
    byte[] rounding = new byte[32];
    random.nextBytes(rounding);
    SiteIdentity identity = SiteIdentity.of(signing, rounding);
    Digest key = Digest.of(Fingerprint.of(signing.leaf().getPublicKey()).bytes());
    CohortSource cohort = new CohortSpec("synthetic:" + samples, Optional.empty()).open();
    return new Member(
        identity, new EnrolledSite(identity.site(), signing.chain(), key), samples, cohort);
  }

  private static Credential issued(
      CertificateAuthority authority, SpiffeId id, Leaf.Terms terms, SeededRandom random)
      throws CertificateRefused {
    KeyRequest request = KeyRequest.signing(random);
    return request.with(authority.issue(request.pkcs10(), id, terms));
  }

  /** Two thirds of the sites are enough, so that some may be gone. */
  private static StudyPlan plan(Shape shape, List<SiteId> sites) {
    int quorum = Math.max(Shape.SITES_MIN, 2 * shape.sites() / 3);
    return new StudyPlan(
        STUDY,
        "A drill with faults",
        new ModelSpec("synthetic", 1, 8, 8, 1, shape.parameters()),
        Optional.empty(),
        new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            8,
            new Training.Optimiser("sgd", 0.01, 0.0, 0, 0, 1),
            new Training.Schedule(1.0, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        Aggregation.FEDAVG,
        new StudyPlan.Protection(shape.mode().exposure(), 100, 8, 16, 10, 11),
        new StudyPlan.Participation(sites, quorum, DEADLINE, shape.mode().late()),
        new StudyPlan.Monitoring("cusum", 1, 52, 0, "alert"),
        List.of("negative", "positive"),
        "auroc",
        42,
        shape.rounds());
  }

  /** SHA-256 of the plan. */
  public Digest digest() {
    return Digest.sha256(planBytes);
  }

  /** One site. */
  public Member member(SiteId site) {
    return Optional.ofNullable(members.get(site)).orElseThrow();
  }
}
