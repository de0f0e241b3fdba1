package org.consilium.site.protect;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.sign.ChainCheck;

/** A small consortium with real keys and certificates: sites north and south, one study. */
public final class Consortium {
  public static final StudyId STUDY = new StudyId("mri-demo");
  public static final SiteId NORTH = new SiteId("north");
  public static final SiteId SOUTH = new SiteId("south");

  private static final String DOMAIN = "test.example";

  final CertificateAuthority authority;
  final SiteIdentity north;
  final SiteIdentity south;
  final AggregationKey aggregation;
  private final List<byte[]> aggregationChain;

  public Consortium(Path folder) throws IOException {
    InstantSource clock = InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
    SecureRandom random = new SecureRandom();
    authority = CertificateAuthority.create(folder, DOMAIN, clock, random);
    north = identity(NORTH, (byte) 1, random);
    south = identity(SOUTH, (byte) 2, random);
    aggregation = AggregationKey.generate(random);
    Leaf.Terms terms = Leaf.AGGREGATION.terms().withSealingKey(aggregation.publicKeyDigest());
    aggregationChain =
        der(issue(KeyRequest.signing(random), SpiffeId.aggregator(DOMAIN, STUDY.value()), terms));
  }

  public SiteIdentity north() {
    return north;
  }

  public ChainCheck chains() {
    return new ChainCheck(
        authority.root(), DOMAIN, InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z")));
  }

  public static StudyPlan plan() {
    return plan(Aggregation.FEDAVG);
  }

  /** The same with another rule. */
  public static StudyPlan plan(Aggregation aggregation) {
    return new StudyPlan(
        STUDY,
        "a test",
        new ModelSpec("synthetic", 1, 32, 32, 1, 1000),
        Optional.empty(),
        new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none"),
        StudyPlan.Tuning.FULL,
        new Training(
            1,
            0,
            16,
            new Training.Optimiser("sgd", 0.001, 0, 0, 0, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("none", "image", 0.5, 0.25),
            Training.Personal.NONE,
            false),
        aggregation,
        new StudyPlan.Protection(new Exposure.Sealed(), 5, 8, 64, 10, 11),
        new StudyPlan.Participation(List.of(NORTH, SOUTH), 2, Duration.ofMinutes(5)),
        new StudyPlan.Monitoring("none", 1, 52, 0, "alert"),
        List.of("no", "yes"),
        "auroc",
        7,
        3);
  }

  public RoundTask task(ParameterLayout layout, int attempt) {
    return task(layout, attempt, aggregation.publicKey());
  }

  /** A task whose terms give both sites a weight. */
  RoundTask task(ParameterLayout layout, int northWeight, int southWeight) {
    RoundTask task = task(layout, 1);
    RoundTask.Terms terms = task.terms().orElseThrow();
    RoundTask.Terms given =
        new RoundTask.Terms(
            terms.federation(),
            List.of(
                new RoundTask.Participant(
                    north.site(), Digest.of(north.signingKey().bytes()), northWeight),
                new RoundTask.Participant(
                    south.site(), Digest.of(south.signingKey().bytes()), southWeight)),
            terms.quorum(),
            terms.clip(),
            terms.weightMax(),
            terms.referenceSamples(),
            terms.scaleExponents(),
            terms.aggregationKey(),
            terms.aggregationChain(),
            terms.threshold());
    return new RoundTask(
        task.kind(),
        task.study(),
        task.studyDigest(),
        task.round(),
        task.attempt(),
        task.window(),
        task.model(),
        task.remaining(),
        Optional.of(given));
  }

  RoundTask task(ParameterLayout layout, int attempt, byte[] aggregationKey) {
    RoundTask.Terms terms =
        new RoundTask.Terms(
            DOMAIN,
            List.of(participant(north), participant(south)),
            2,
            5,
            64,
            100,
            layout.tensors().stream().map(_ -> 0).toList(),
            aggregationKey,
            aggregationChain,
            0);
    Digest zero = Digest.sha256(new byte[] {1});
    return new RoundTask(
        RoundTask.Kind.TRAIN,
        STUDY,
        zero,
        1,
        attempt,
        0,
        new RoundTask.ModelReference(new ModelVersion(zero), 1000, layout.digest()),
        Duration.ofMinutes(1),
        Optional.of(terms));
  }

  private static RoundTask.Participant participant(SiteIdentity site) {
    return new RoundTask.Participant(site.site(), Digest.of(site.signingKey().bytes()), 0);
  }

  private SiteIdentity identity(SiteId site, byte secret, SecureRandom random) throws IOException {
    KeyRequest request = KeyRequest.signing(random);
    Credential credential =
        request.with(
            issue(request, SpiffeId.siteSigning(DOMAIN, site.value()), Leaf.SITE_SIGNING.terms()));
    byte[] rounding = new byte[32];
    rounding[0] = secret;
    return SiteIdentity.of(credential, rounding);
  }

  private List<java.security.cert.X509Certificate> issue(
      KeyRequest request, SpiffeId id, Leaf.Terms terms) throws IOException {
    try {
      return authority.issue(request.pkcs10(), id, terms);
    } catch (CertificateRefused refused) {
      throw new IOException(refused);
    }
  }

  private static List<byte[]> der(List<java.security.cert.X509Certificate> chain)
      throws IOException {
    try {
      return List.of(chain.get(0).getEncoded(), chain.get(1).getEncoded());
    } catch (java.security.cert.CertificateEncodingException broken) {
      throw new IOException(broken);
    }
  }
}
