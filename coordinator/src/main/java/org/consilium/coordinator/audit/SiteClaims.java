package org.consilium.coordinator.audit;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.consilium.coordinator.audit.Rollback.Seen;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.CheckpointRefused.Why;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.security.witness.TreeHistory;

/**
 * What sites say they saw of the log, judged by the journal. Numbers that do not fit it prove
 * nothing, whoever and how many say them: they count only under this coordinator's own signature,
 * and are logged otherwise. One thread at a time.
 */
final class SiteClaims {
  /** Least time between two lines about one site; a flood of claims must not fill the log. */
  static final Duration QUIET = Duration.ofMinutes(10);

  private final AuditLog.Keeper keeper;
  private final InstantSource clock;
  private final Consumer<String> log;
  private final Map<SiteId, Claim> unproven = new HashMap<>();
  private final Map<SiteId, Instant> logged = new HashMap<>();
  private List<Seen> lost = List.of();

  /**
   * Nothing is accepted yet.
   *
   * @param log takes lines about what is not believed
   */
  SiteClaims(AuditLog.Keeper keeper, InstantSource clock, Consumer<String> log) {
    this.keeper = keeper;
    this.clock = clock;
    this.log = log;
  }

  /**
   * What a site says.
   *
   * @param proof the checkpoint as it was signed; an older site shows none
   */
  private record Claim(Head head, Optional<SignedCheckpoint> proof) {}

  /** Takes over what people have decided to go on without. */
  void accept(List<Seen> accepted) {
    lost = List.copyOf(accepted);
  }

  /**
   * Judges what a site says.
   *
   * @param tree over the whole journal
   * @return the rollback that it proves; empty if that was accepted, or told before
   */
  Optional<Rollback> judge(
      SiteId site, Head head, Optional<SignedCheckpoint> proof, TreeHistory tree) {
    Claim claim = new Claim(head, proof);
    try {
      if (fits(head, tree) || Optional.of(claim).equals(Optional.ofNullable(unproven.get(site)))) {
        return Optional.empty();
      }
      return rollback(site, open(claim), tree.size());
    } catch (CheckpointRefused refused) {
      unproven.put(site, claim);
      note(site, head, tree.size(), refused);
    } catch (IOException unreadable) {
      // A journal that cannot be read now says nothing about a site; it says the same again.
      note(site, head, tree.size(), unreadable);
    }
    return Optional.empty();
  }

  private static boolean fits(Head head, TreeHistory tree) throws IOException {
    return head.equals(tree.head())
        || (head.size() <= tree.size() && head.equals(tree.head(head.size())));
  }

  /** Certificates count as of the checkpoint's own time: it may be of a key before the last one. */
  private Checkpoint open(Claim claim) throws CheckpointRefused {
    SignedCheckpoint signed =
        claim
            .proof()
            .orElseThrow(
                () -> new CheckpointRefused(Why.MALFORMED, "the site shows none that was signed"));
    Checkpoint checkpoint = signed.openAsOfItsTime(keeper.root());
    checkSigner(signed);
    if (!checkpoint.federation().equals(keeper.federation())) {
      throw new CheckpointRefused(Why.OTHER_LOG, "it speaks of " + checkpoint.federation());
    }
    if (!checkpoint.head().equals(claim.head())) {
      throw new CheckpointRefused(
          Why.OTHER_LOG, "the site shows one of %d entries".formatted(checkpoint.head().size()));
    }
    return checkpoint;
  }

  /** Of one coordinator there may be several keys, one after another, and all have its name. */
  private void checkSigner(SignedCheckpoint signed) throws CheckpointRefused {
    try {
      SpiffeId signer = SpiffeId.of(ChainCheck.parse(signed.by().chain()).getFirst());
      if (!signer.equals(SpiffeId.of(keeper.chain().getFirst()))) {
        throw new CheckpointRefused(Why.OTHER_LOG, "it is of " + signer);
      }
    } catch (CertificateException | ChainRefused nameless) {
      throw new CheckpointRefused(Why.BAD_CHAIN, String.valueOf(nameless.getMessage()));
    }
  }

  private Optional<Rollback> rollback(SiteId site, Checkpoint proven, long entries) {
    Seen seen = new Seen(proven.head(), proven.time());
    if (lost.stream().anyMatch(known -> known.covers(seen))) {
      return Optional.empty();
    }
    List<Seen> all = new ArrayList<>(lost);
    all.removeIf(seen::covers);
    all.add(seen);
    lost = List.copyOf(all);
    return Optional.of(
        new Rollback(
            "the journal has %d entries; hospitals have seen %s: site %s holds the %s"
                .formatted(
                    entries, proven.head().size() > entries ? "more" : "others", site, proven),
            lost));
  }

  private void note(SiteId site, Head head, long entries, Exception why) {
    Instant now = clock.instant();
    if (now.isBefore(logged.getOrDefault(site, Instant.MIN).plus(QUIET))) {
      return;
    }
    logged.put(site, now);
    log.accept(
        "site %s says it saw %d entries with root %s, the journal has %d; not believed: %s"
            .formatted(site, head.size(), head.root().hex(), entries, why.getMessage()));
  }
}
