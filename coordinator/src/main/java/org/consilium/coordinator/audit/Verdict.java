package org.consilium.coordinator.audit;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Checkpoint;

/**
 * What was found in a bundle.
 *
 * @param federation trust domain of the consortium
 * @param root fingerprint of the root that everything was checked against
 * @param entries how many there are
 * @param bare entries of an older version, of which only the hash is known
 * @param checkpoints genuine checkpoints, all of which the entries fit unless a finding says
 *     otherwise
 * @param latest the largest of them
 * @param signers keys that signed checkpoints
 * @param cosigned for each site, the largest checkpoint that it cosigned
 * @param findings what is wrong; empty when all is well
 */
public record Verdict(
    String federation,
    Fingerprint root,
    long entries,
    long bare,
    long checkpoints,
    Optional<Checkpoint> latest,
    Set<Fingerprint> signers,
    SortedMap<String, Long> cosigned,
    List<Finding> findings) {
  /** Copies. */
  public Verdict {
    signers = Set.copyOf(signers);
    findings = List.copyOf(findings);
  }

  /**
   * Something that is wrong.
   *
   * @param first the first entry that it concerns, from 1; 0 when it concerns none
   * @param last the last entry that can be the first bad one
   * @param detail for people
   */
  public record Finding(long first, long last, String detail) {}

  /** Whether nothing is wrong. */
  public boolean whole() {
    return findings.isEmpty();
  }

  /**
   * Where it begins: a checkpoint that does not fit says between which two sizes, and an entry that
   * does not fit its chain says where in between.
   */
  public Optional<Finding> firstBad() {
    Optional<Finding> earliest =
        findings.stream()
            .filter(f -> f.first() > 0)
            .min(Comparator.comparingLong(Finding::first).thenComparingLong(Finding::last));
    return earliest.flatMap(
        e ->
            findings.stream()
                .filter(f -> f.first() == f.last())
                .filter(f -> f.first() >= e.first() && f.first() <= e.last())
                .min(Comparator.comparingLong(Finding::first))
                .or(() -> earliest));
  }

  /**
   * Entries after the largest checkpoint: bound by the chain alone, which whoever keeps it can
   * redo.
   */
  public long uncovered() {
    return Math.max(0, entries - latest.map(c -> c.head().size()).orElse(0L));
  }
}
