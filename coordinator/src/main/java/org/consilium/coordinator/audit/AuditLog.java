package org.consilium.coordinator.audit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.coordinator.audit.CheckpointFile.Item;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.sign.SigningKey;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.Cosignature;
import org.consilium.security.witness.SignedCheckpoint;
import org.consilium.security.witness.TreeHistory;

/**
 * Commits the coordinator to its journal: a Merkle tree over all entries, signed checkpoints of it
 * at every round's end and every five minutes when there is something new, and the sites'
 * cosignatures. It never signs a checkpoint that does not continue all that it signed before. Safe
 * for use by many threads.
 */
public final class AuditLog implements AutoCloseable {
  /** Longest time that an entry is in no checkpoint. */
  static final Duration EVERY = Duration.ofMinutes(5);

  /** Checkpoints that may still be cosigned; a site answers within seconds. */
  private static final int RECENT_MAX = 64;

  private static final System.Logger LOG = System.getLogger(AuditLog.class.getName());

  private final Journal journal;
  private final Keeper keeper;
  private final InstantSource clock;
  private final TreeHistory tree;
  private final BlockingQueue<Boolean> wakes = new ArrayBlockingQueue<>(1);
  private final SortedMap<String, Long> cosigned = new TreeMap<>();
  private final TreeMap<Long, SignedCheckpoint> recent = new TreeMap<>();
  private Optional<CheckpointFile> file = Optional.empty();
  private Optional<Checkpoint> latest = Optional.empty();
  private Optional<String> trouble = Optional.empty();
  private Optional<Thread> clerk = Optional.empty();
  private final SiteClaims claims;
  private Consumer<Rollback> rollback = _ -> {};
  private volatile boolean open = true;

  private AuditLog(Journal journal, Keeper keeper, InstantSource clock) {
    this.journal = journal;
    this.keeper = keeper;
    this.clock = clock;
    this.tree = new TreeHistory(this::leaves);
    this.claims =
        new SiteClaims(
            keeper, clock, line -> LOG.log(System.Logger.Level.WARNING, "audit: {0}", line));
  }

  /**
   * Who signs.
   *
   * @param federation trust domain of the consortium
   * @param root of the consortium
   * @param chain vouches for the key, leaf first
   */
  public record Keeper(
      String federation, X509Certificate root, SigningKey key, List<X509Certificate> chain) {
    public Keeper {
      chain = List.copyOf(chain);
    }
  }

  /**
   * A checkpoint for a site, with the proof that it continues the one that the site knows.
   *
   * @param proof hashes, at most 2 · 63
   */
  public record Offer(SignedCheckpoint checkpoint, long size, List<Fingerprint> proof) {
    public Offer {
      proof = List.copyOf(proof);
    }
  }

  /**
   * How the log stands.
   *
   * @param latest the newest checkpoint
   * @param cosigned for each site, entries of the largest checkpoint that it cosigned
   * @param trouble why nothing is signed any more
   */
  public record Status(
      Optional<Checkpoint> latest, SortedMap<String, Long> cosigned, Optional<String> trouble) {}

  /**
   * Rebuilds the tree from the journal and compares it with every checkpoint signed before. A
   * journal that does not continue them is {@link Status#trouble}: it is logged, and nothing is
   * signed until people have looked.
   *
   * @param folder of the checkpoint file
   */
  public static AuditLog open(Path folder, Journal journal, Keeper keeper, InstantSource clock)
      throws IOException {
    AuditLog log = new AuditLog(journal, keeper, clock);
    log.catchUp();
    try {
      Path _ = DurableFolder.create(folder);
      log.file = Optional.of(CheckpointFile.open(folder.resolve("checkpoints.jsonl"), clock));
      log.compare();
    } catch (IOException | CheckpointRefused unusable) {
      log.halt(String.valueOf(unusable.getMessage()));
    }
    return log;
  }

  /**
   * Starts the thread that makes checkpoints.
   *
   * @param made told after each new one, on that thread
   */
  public synchronized void start(Runnable made) {
    clerk = Optional.of(Thread.ofPlatform().name("audit").start(() -> run(made)));
  }

  /** Asks for a checkpoint now, for example because a round ended; never blocks. */
  public void wake() {
    boolean _ = wakes.offer(true); // one that waits already is enough
  }

  /** Signs the journal as it is now; empty when nothing is new, or nothing may be signed. */
  public synchronized Optional<Checkpoint> checkpoint() throws IOException {
    if (trouble.isPresent() || file.isEmpty()) {
      return Optional.empty();
    }
    catchUp();
    Head head = tree.head();
    if (head.size() <= latest.map(c -> c.head().size()).orElse(0L)) {
      return Optional.empty();
    }
    Checkpoint checkpoint =
        new Checkpoint(keeper.federation(), head, clock.instant().truncatedTo(ChronoUnit.MILLIS));
    SignedCheckpoint signed = SignedCheckpoint.of(checkpoint, keeper.key(), keeper.chain());
    file.get().append(signed);
    remember(head.size(), signed);
    latest = Optional.of(checkpoint);
    return latest;
  }

  /**
   * The newest checkpoint for a site that knows another; empty when it knows this one.
   *
   * @param known what the site says it saw last
   */
  public synchronized Optional<Offer> offer(Head known) throws IOException {
    if (latest.isEmpty() || latest.get().head().equals(known)) {
      return Optional.empty();
    }
    long size = latest.get().head().size();
    // A site that saw more than there is gets no proof: it has to notice, and people with it.
    List<Fingerprint> proof =
        known.size() > size || trouble.isPresent()
            ? List.of()
            : tree.consistency(known.size(), size);
    return Optional.ofNullable(recent.get(size)).map(signed -> new Offer(signed, size, proof));
  }

  /**
   * Is told when a site proves that the journal is an old copy, and again when more was seen.
   *
   * @param accepted what people have decided to go on without: it is told no more
   */
  public synchronized void onRollback(List<Rollback.Seen> accepted, Consumer<Rollback> told) {
    claims.accept(accepted);
    rollback = told;
  }

  /**
   * Judges what a site says it knows. One that proves, by a checkpoint that this coordinator
   * signed, that the journal was longer or another one stops all signing; numbers alone do not.
   *
   * @param proof {@code known} as it was signed, if the site shows it
   */
  public synchronized void claimed(SiteId site, Head known, Optional<SignedCheckpoint> proof)
      throws IOException {
    catchUp();
    Optional<Rollback> proven = claims.judge(site, known, proof, tree);
    if (proven.isPresent()) {
      halt(proven.get().why());
      rollback.accept(proven.get());
    }
  }

  /**
   * Keeps a site's cosignature.
   *
   * @param caller the site of the client certificate
   * @throws CheckpointRefused if it is not the caller's, or for no recent checkpoint
   */
  public synchronized void cosign(SiteId caller, long size, Cosignature cosignature)
      throws CheckpointRefused, IOException {
    SignedCheckpoint signed = recent.get(size);
    if (signed == null) {
      throw new CheckpointRefused(
          CheckpointRefused.Why.OTHER_LOG, "no recent one has %d entries".formatted(size));
    }
    String site = cosignature.site(signed.body(), keeper.root(), keeper.federation());
    if (!site.equals(caller.value())) {
      throw new CheckpointRefused(
          CheckpointRefused.Why.BAD_CHAIN,
          "site %s sent a cosignature of site %s".formatted(caller, site));
    }
    if (cosigned.getOrDefault(site, -1L) < size && file.isPresent()) {
      file.get().append(new Item.Cosigned(size, site, cosignature));
      cosigned.put(site, size);
    }
  }

  /** How the log stands now. */
  public synchronized Status status() {
    return new Status(
        latest, java.util.Collections.unmodifiableSortedMap(new TreeMap<>(cosigned)), trouble);
  }

  /** Writes all that an auditor needs; see {@link BundleVerifier}. */
  public void export(OutputStream out) throws IOException {
    BundleWriter.write(keeper, clock.instant(), file, journal, out);
  }

  /** Signs what is new once more and ends the thread. */
  @Override
  public void close() throws IOException {
    open = false; // never an interrupt: it would close the files that the thread writes
    wake();
    try {
      if (clerk.isPresent()) {
        clerk.get().join();
      }
      Optional<Checkpoint> _ = checkpoint();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      if (file.isPresent()) {
        file.get().close();
      }
    }
  }

  private void run(Runnable made) {
    while (open) {
      try {
        if (checkpoint().isPresent()) {
          made.run();
        }
      } catch (IOException disk) {
        LOG.log(System.Logger.Level.ERROR, "audit checkpoint: {0}", disk.getMessage());
      }
      try {
        Boolean _ = wakes.poll(EVERY.toSeconds(), TimeUnit.SECONDS);
      } catch (InterruptedException stopped) {
        return;
      }
    }
  }

  private void catchUp() throws IOException {
    journal.hashes(tree.size(), Long.MAX_VALUE, tree::add);
  }

  private List<Fingerprint> leaves(long from, long to) throws IOException {
    List<Fingerprint> leaves = new ArrayList<>();
    journal.hashes(from, to, leaves::add);
    return leaves;
  }

  private void remember(long size, SignedCheckpoint signed) {
    recent.put(size, signed);
    if (recent.size() > RECENT_MAX) {
      var _ = recent.pollFirstEntry();
    }
  }

  /**
   * The last checkpoint continued all before it when it was signed: it alone has to be compared.
   */
  private void compare() throws IOException, CheckpointRefused {
    file.orElseThrow()
        .read(
            item -> {
              switch (item) {
                case Item.Signed(SignedCheckpoint signed) -> remember(size(signed), signed);
                case Item.Cosigned(long size, String site, Cosignature _) ->
                    cosigned.merge(site, size, Math::max);
              }
            });
    if (recent.isEmpty()) {
      return;
    }
    Checkpoint last = recent.lastEntry().getValue().openAsOfItsTime(keeper.root());
    latest = Optional.of(last);
    long size = last.head().size();
    if (size > tree.size()) {
      halt(
          "the journal has %d entries, the checkpoint of %s has %d: its end was cut off, or an old copy was put back"
              .formatted(tree.size(), last.time(), size));
    } else if (!tree.head(size).equals(last.head())) {
      halt(
          "the first %d entries of the journal are not those of the checkpoint of %s: one was changed"
              .formatted(size, last.time()));
    }
  }

  private static long size(SignedCheckpoint signed) throws IOException {
    try {
      return Checkpoint.parse(signed.body()).head().size();
    } catch (CheckpointRefused malformed) {
      throw new IOException(String.valueOf(malformed.getMessage()), malformed);
    }
  }

  private void halt(String why) {
    if (trouble.isEmpty()) {
      LOG.log(
          System.Logger.Level.ERROR,
          "audit: no checkpoint is signed any more: {0}; find out with: consilium audit verify",
          why);
      trouble = Optional.of(why);
    }
  }
}
