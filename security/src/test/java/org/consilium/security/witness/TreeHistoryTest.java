package org.consilium.security.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.Test;

/** Against {@link MerkleTree}, which hashes every leaf again for each answer. */
final class TreeHistoryTest {
  private static List<Fingerprint> leaves(int count) {
    List<Fingerprint> leaves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      leaves.add(MerkleTree.leaf(("entry " + i).getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
    return leaves;
  }

  private static TreeHistory history(List<Fingerprint> leaves) {
    TreeHistory history = new TreeHistory((from, to) -> leaves.subList((int) from, (int) to));
    leaves.forEach(history::add);
    return history;
  }

  @Test
  void head_everySizeAroundTheTiles_isThatOfThePlainTree() throws Exception {
    List<Fingerprint> leaves = leaves(2100);
    TreeHistory history = history(leaves);

    for (int size :
        new int[] {0, 1, 2, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2048, 2100}) {
      assertThat(history.head(size))
          .as("%d leaves", size)
          .isEqualTo(MerkleTree.head(leaves.subList(0, size)));
    }
    assertThat(history.head()).isEqualTo(MerkleTree.head(leaves));
  }

  @Test
  void consistency_pairsOfSizes_areThePlainTreesProofs() throws Exception {
    List<Fingerprint> leaves = leaves(1700);
    TreeHistory history = history(leaves);
    SplittableRandom random = new SplittableRandom(20261129);

    for (int i = 0; i < 300; i++) {
      int now = random.nextInt(1, 1701);
      int old = random.nextInt(0, now + 1);
      List<Fingerprint> proof = history.consistency(old, now);
      assertThat(proof)
          .as("from %d to %d", old, now)
          .isEqualTo(MerkleTree.consistencyProof(leaves.subList(0, now), old));
      Head before = history.head(old);
      assertThat(MerkleTree.continues(before, history.head(now), proof))
          .as("from %d to %d", old, now)
          .isTrue();
    }
  }

  @Test
  void consistency_moreThanThereIs_isRefused() {
    TreeHistory history = history(leaves(3));

    assertThatThrownBy(() -> history.consistency(2, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("log of 3 entries: from 2 to 4");
  }

  @Test
  void consistency_leavesGone_namesThem() {
    TreeHistory history = new TreeHistory((_, _) -> List.of());
    leaves(5).forEach(history::add);

    assertThatThrownBy(() -> history.consistency(3, 5))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("got 0");
  }
}
