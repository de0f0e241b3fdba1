package org.consilium.coordinator.audit;

import java.time.Instant;
import java.util.List;
import org.consilium.security.audit.MerkleTree.Head;

/**
 * The proof, under this coordinator's own signature, that it once had a longer journal or another
 * one: an old copy was put back.
 *
 * @param why for people: what there is, and what was seen
 * @param lost what went on from here goes on without, also what people accepted before
 */
public record Rollback(String why, List<Seen> lost) {
  /** Copies. */
  public Rollback {
    lost = List.copyOf(lost);
  }

  /**
   * A checkpoint that was signed and that the journal does not have.
   *
   * @param time that it names
   */
  public record Seen(Head head, Instant time) {
    /**
     * Whether who gives this one up gives up the other as well: the same, or a smaller one that was
     * signed no later. What is signed after a decision is never given up by it, however small.
     */
    public boolean covers(Seen other) {
      return head.equals(other.head)
          || (other.head.size() < head.size() && !other.time.isAfter(time));
    }
  }
}
