package org.consilium.site.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.PeerTrust;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.EgressGate;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Halt;
import org.consilium.site.session.ProxyRules;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is decided before a byte is asked for: nobody listens where this link goes. */
final class ModelFetcherTest {
  private static final String DOMAIN = "test.example";
  private static final Duration LIMIT = Duration.ofMillis(50);

  @TempDir Path folder;

  private final InstantSource clock = InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));

  @Test
  void fetch_lessRoomThanTheReserve_isPutOffWithTheNumbersAndNotRefused() throws Exception {
    Path cache = Files.createDirectory(folder.resolve("cache"));
    Digest digest = Digest.sha256(new byte[] {1});
    ModelReference model = new ModelReference(new ModelVersion(digest), 2000, digest);

    try (EgressLedger ledger = EgressLedger.open(folder.resolve("ledger.jsonl"), clock, _ -> {});
        CoordinatorLink link = link(ledger)) {
      ModelFetcher fetcher =
          new ModelFetcher(
              link,
              new ModelCache(cache, new DiskReserve(() -> 2999, 1000)),
              new Persistence(link, new Backoff(new SplittableRandom(1), LIMIT), clock, LIMIT));

      assertThatThrownBy(() -> fetcher.fetch(model, new Halt()))
          .isInstanceOf(DiskReserve.NoRoom.class)
          .hasMessage(
              "fetch model "
                  + digest.brief()
                  + ": 2000 bytes are to come, 2999 are free,"
                  + " and 1000 of them stay free for the ledger");
    }
    assertThat(cache).isEmptyDirectory();
  }

  private CoordinatorLink link(EgressLedger ledger) throws Exception {
    CertificateAuthority authority =
        CertificateAuthority.create(
            folder.resolve("ca"), DOMAIN, InstantSource.system(), new SecureRandom());
    EgressGate gate =
        new EgressGate(
            ledger,
            new EgressGate.Checks(
                () -> false,
                _ -> new EgressGate.Standing(Optional.empty(), "sealed", 11),
                EgressGate.Budget.NOTHING_SPENT,
                Canaries.none()),
            clock,
            _ -> {});
    return CoordinatorLink.serverOnly(
        new CoordinatorLink.Endpoint("127.0.0.1", 1),
        PeerTrust.forServer(authority.root(), DOMAIN),
        ProxyRules.of(Map.of()),
        gate);
  }
}
