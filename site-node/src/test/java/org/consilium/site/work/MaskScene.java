package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.ParameterLayout;
import org.consilium.proto.v1.MaskSubmission;
import org.consilium.proto.v1.MaskSubmission.KindCase;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SignedBytes;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.MaskCodec;
import org.consilium.security.seal.AggregationKey;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.protect.Consortium;
import org.consilium.site.protect.RoundTerms;

/** Four sites, t = m = 3, and a coordinator that lies to them about masking. */
final class MaskScene implements AutoCloseable {
  static final List<SiteId> SITES =
      List.of(new SiteId("east"), new SiteId("north"), new SiteId("south"), new SiteId("west"));
  static final SiteId EAST = SITES.get(0);
  static final SiteId NORTH = SITES.get(1);
  static final SiteId SOUTH = SITES.get(2);
  static final SiteId WEST = SITES.get(3);

  final MaskingLiar liar;
  final AggregationKey aggregation;
  private final SortedMap<SiteId, MaskNode> nodes = new TreeMap<>();
  private final ParameterLayout layout = Catalogue.require(Consortium.plan().model()).layout();

  MaskScene(Path folder) throws Exception {
    this(folder, SITES);
  }

  /** The same, but not all of them are on the roster; those that are connect. */
  MaskScene(Path folder, List<SiteId> rostered) throws Exception {
    Files.createDirectories(folder);
    liar = new MaskingLiar(folder.resolve("ca"), rostered);
    aggregation = AggregationKey.generate(liar.random);
    for (SiteId site : SITES) {
      Path own = Files.createDirectory(folder.resolve(site.value()));
      nodes.put(site, new MaskNode(site, liar, own));
    }
    await(() -> rostered.stream().allMatch(liar::connected));
  }

  @Override
  public void close() throws IOException {
    for (MaskNode node : nodes.values()) {
      node.close();
    }
    liar.close();
  }

  /** A task of round 1; keys of all sites are sent. */
  RoundTask begun(int attempt) throws Exception {
    RoundTask task = task(attempt);
    nodes.values().forEach(node -> node.begin(task, context(task)));
    awaitAll(KindCase.KEYS);
    return task;
  }

  /** The same; everyone has dealt. */
  RoundTask shared(int attempt) throws Exception {
    RoundTask task = begun(attempt);
    order(book(task, UnaryOperator.identity(), SITES), EAST, NORTH, SOUTH, WEST);
    awaitAll(KindCase.PARCELS);
    return task;
  }

  /** The same; everyone has its masks and noted its upload. */
  RoundTask masked(int attempt) throws Exception {
    RoundTask task = shared(attempt);
    for (SiteId site : SITES) {
      liar.order(site, parcels(task, site, SITES.toArray(SiteId[]::new)));
    }
    for (MaskNode node : nodes.values()) {
      assertThat(node.outcome(context(task))).isInstanceOf(MaskDesk.Outcome.Ready.class);
      assertThat(node.uploaded(task, context(task), upload(node.site))).isEmpty();
    }
    return task;
  }

  RoundTask task(int attempt) {
    List<RoundTask.Participant> participants =
        nodes.values().stream()
            .map(
                n ->
                    new RoundTask.Participant(
                        n.site, Digest.of(n.identity.signingKey().bytes()), 0))
            .toList();
    RoundTask.Terms terms =
        new RoundTask.Terms(
            MaskingLiar.DOMAIN,
            participants,
            3,
            5,
            64,
            100,
            layout.tensors().stream().map(_ -> 0).toList(),
            aggregation.publicKey(),
            MaskingLiar.der(liar.signing),
            3);
    Digest version = Digest.sha256(new byte[] {1});
    return new RoundTask(
        RoundTask.Kind.TRAIN,
        Consortium.STUDY,
        version,
        1,
        attempt,
        0,
        new RoundTask.ModelReference(new ModelVersion(version), 1000, layout.digest()),
        Duration.ofMinutes(1),
        Optional.of(terms));
  }

  Digest context(RoundTask task) {
    return Digest.of(RoundTerms.context(task, layout.length() + 2).digest().bytes());
  }

  MaskMessage.Place place(RoundTask task) {
    return new MaskMessage.Place(
        context(task), new RoundId(task.study(), task.round()), task.attempt());
  }

  static Digest upload(SiteId site) {
    return Digest.sha256(site.value().getBytes(StandardCharsets.US_ASCII));
  }

  MaskNode node(SiteId site) {
    MaskNode node = nodes.get(site);
    if (node == null) {
      throw new IllegalStateException("no site " + site);
    }
    return node;
  }

  MaskMessage.Keys keysOf(SiteId site) {
    return MaskCodec.keys(
        liar.taken(site, KindCase.KEYS).getFirst().getKeys().getBody().toByteArray());
  }

  MaskOrder.KeyBook book(
      RoundTask task, UnaryOperator<SortedMap<SiteId, MaskOrder.Entry>> lie, List<SiteId> sites) {
    SortedMap<SiteId, MaskOrder.Entry> entries = new TreeMap<>();
    for (SiteId site : sites) {
      SignedBytes keys = MaskCodec.signed(liar.taken(site, KindCase.KEYS).getFirst().getKeys());
      entries.put(site, new MaskOrder.Entry(keys, MaskingLiar.der(node(site).signing)));
    }
    return new MaskOrder.KeyBook(place(task), lie.apply(entries));
  }

  MaskOrder.Parcels parcels(RoundTask task, SiteId to, SiteId... from) {
    List<SignedBytes> parcels = new ArrayList<>();
    for (SiteId dealer : from) {
      for (MaskSubmission dealt : liar.taken(dealer, KindCase.PARCELS)) {
        dealt.getParcels().getParcelsList().stream()
            .map(MaskCodec::signed)
            .filter(p -> MaskCodec.parcel(p.body()).to() == SITES.indexOf(to))
            .forEach(parcels::add);
      }
    }
    return new MaskOrder.Parcels(place(task), parcels);
  }

  MaskOrder.Survivors survivors(RoundTask task, SiteId... sites) {
    SortedMap<SiteId, Digest> uploads = new TreeMap<>();
    for (SiteId site : sites) {
      uploads.put(site, upload(site));
    }
    return new MaskOrder.Survivors(place(task), uploads);
  }

  MaskOrder.Consents consents(RoundTask task, SiteId... sites) {
    SortedMap<SiteId, SignedBytes> consents = new TreeMap<>();
    for (SiteId site : sites) {
      consents.put(
          site, MaskCodec.signed(liar.taken(site, KindCase.CONSENT).getFirst().getConsent()));
    }
    return new MaskOrder.Consents(place(task), consents);
  }

  void order(MaskOrder order, SiteId... to) {
    for (SiteId site : to) {
      liar.order(site, order);
    }
  }

  boolean sent(KindCase kind, SiteId... sites) {
    return Arrays.stream(sites).noneMatch(s -> liar.taken(s, kind).isEmpty());
  }

  void awaitAll(KindCase kind) throws InterruptedException {
    await(() -> sent(kind, EAST, NORTH, SOUTH, WEST));
  }

  long count(SiteId site, String reason) {
    return node(site).log.stream().filter(l -> l.contains("REFUSED, " + reason + ":")).count();
  }

  void refused(SiteId site, String reason) throws InterruptedException {
    await(() -> count(site, reason) > 0);
  }

  void await(BooleanSupplier condition) throws InterruptedException {
    long limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > limit) {
        throw new AssertionError(
            "nothing happened for 20 seconds: " + nodes.values().stream().map(n -> n.log).toList());
      }
      Thread.sleep(2);
    }
  }
}
