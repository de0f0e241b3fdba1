package org.consilium.security.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.consilium.security.Vectors;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class MerkleTreeTest {
  private static final int CASES = 60;
  private static final int LEAVES_MAX = 140;

  private final List<Fingerprint> leaves = leaves(LEAVES_MAX);

  @Test
  @Tag("vectors")
  void head_everySizeOfTheVectors_rootEqualAtOnceAndGrowing() {
    List<Fingerprint> known = vectorLeaves();
    MerkleFrontier growing = MerkleFrontier.empty();
    int checked = 0;
    for (JsonNode node : Vectors.read("merkle.json").path("roots")) {
      int size = node.path("tree_size").asInt();
      Head expected = new Head(size, Fingerprint.parse(node.path("root").asText()));

      assertThat(MerkleTree.head(known.subList(0, size))).isEqualTo(expected);
      while (growing.size() < size) {
        growing.add(known.get((int) growing.size()));
      }
      assertThat(growing.head()).isEqualTo(expected);
      checked++;
    }
    assertThat(checked).isEqualTo(known.size() + 1);
  }

  @Test
  @Tag("vectors")
  void inclusionProof_casesOfTheVectors_equalAndVerified() {
    List<Fingerprint> known = vectorLeaves();
    int checked = 0;
    for (JsonNode node : Vectors.read("merkle.json").path("inclusion_proofs")) {
      List<Fingerprint> tree = known.subList(0, node.path("tree_size").asInt());
      int index = node.path("leaf_index").asInt();
      List<Fingerprint> path = hashes(node.path("path"));

      assertThat(MerkleTree.inclusionProof(tree, index)).isEqualTo(path);
      assertThat(MerkleTree.includes(MerkleTree.head(tree), index, tree.get(index), path)).isTrue();
      checked++;
    }
    assertThat(checked).isPositive();
  }

  @Test
  @Tag("vectors")
  void consistencyProof_casesOfTheVectors_equalAndVerified() {
    List<Fingerprint> known = vectorLeaves();
    int checked = 0;
    for (JsonNode node : Vectors.read("merkle.json").path("consistency_proofs")) {
      int oldSize = node.path("old_size").asInt();
      List<Fingerprint> tree = known.subList(0, node.path("new_size").asInt());
      List<Fingerprint> proof = hashes(node.path("proof"));

      assertThat(MerkleTree.consistencyProof(tree, oldSize)).isEqualTo(proof);
      assertThat(
              MerkleTree.continues(
                  MerkleTree.head(tree.subList(0, oldSize)), MerkleTree.head(tree), proof))
          .isTrue();
      checked++;
    }
    assertThat(checked).isPositive();
  }

  @Test
  void proofs_everySizeAndPlaceUpToForty_verify() {
    for (int size = 0; size <= 40; size++) {
      List<Fingerprint> tree = leaves.subList(0, size);
      Head head = MerkleTree.head(tree);
      for (int i = 0; i <= size; i++) {
        Head old = MerkleTree.head(tree.subList(0, i));
        assertThat(MerkleTree.continues(old, head, MerkleTree.consistencyProof(tree, i)))
            .as("%d to %d", i, size)
            .isTrue();
        if (i < size) {
          assertThat(MerkleTree.includes(head, i, tree.get(i), MerkleTree.inclusionProof(tree, i)))
              .as("%d of %d", i, size)
              .isTrue();
        }
      }
    }
  }

  @Test
  void includes_proofAlteredInAnyWay_false() {
    for (int seed = 1; seed <= CASES; seed++) {
      Random random = new Random(seed);
      int size = 2 + random.nextInt(LEAVES_MAX - 2);
      List<Fingerprint> tree = leaves.subList(0, size);
      int index = random.nextInt(size);
      Head head = MerkleTree.head(tree);
      Fingerprint leaf = tree.get(index);
      List<Fingerprint> path = MerkleTree.inclusionProof(tree, index);

      for (List<Fingerprint> altered : alterations(path, random)) {
        assertThat(MerkleTree.includes(head, index, leaf, altered)).as("seed %d", seed).isFalse();
      }
      assertThat(MerkleTree.includes(head, index, altered(leaf, random), path)).isFalse();
      Head otherRoot = new Head(size, altered(head.root(), random));
      assertThat(MerkleTree.includes(otherRoot, index, leaf, path)).isFalse();
      for (int other = -1; other <= size; other++) {
        assertThat(MerkleTree.includes(head, other, leaf, path))
            .as("seed %d, leaf %d as %d", seed, index, other)
            .isEqualTo(other == index);
      }
    }
  }

  @Test
  void continues_proofAlteredInAnyWay_false() {
    for (int seed = 1; seed <= CASES; seed++) {
      Random random = new Random(seed);
      int size = 2 + random.nextInt(LEAVES_MAX - 2);
      int oldSize = 1 + random.nextInt(size - 1);
      List<Fingerprint> tree = leaves.subList(0, size);
      Head old = MerkleTree.head(tree.subList(0, oldSize));
      Head now = MerkleTree.head(tree);
      List<Fingerprint> proof = MerkleTree.consistencyProof(tree, oldSize);
      Head otherOld = new Head(oldSize, altered(old.root(), random));
      Head otherNow = new Head(size, altered(now.root(), random));

      assertThat(MerkleTree.continues(old, now, proof)).as("seed %d", seed).isTrue();
      for (List<Fingerprint> altered : alterations(proof, random)) {
        assertThat(MerkleTree.continues(old, now, altered)).as("seed %d", seed).isFalse();
      }
      assertThat(MerkleTree.continues(otherOld, now, proof)).as("seed %d", seed).isFalse();
      assertThat(MerkleTree.continues(old, otherNow, proof)).as("seed %d", seed).isFalse();
      assertThat(MerkleTree.continues(now, old, proof)).as("seed %d", seed).isFalse();
    }
  }

  @Test
  void continues_anEntryRewritten_noProofFits() {
    List<Fingerprint> rewritten = new ArrayList<>(leaves.subList(0, 20));
    rewritten.set(6, MerkleTree.leaf(new byte[] {42}));
    Head old = MerkleTree.head(leaves.subList(0, 11));
    Head now = MerkleTree.head(rewritten);

    assertThat(MerkleTree.continues(old, now, MerkleTree.consistencyProof(rewritten, 11)))
        .isFalse();
    assertThat(
            MerkleTree.continues(old, now, MerkleTree.consistencyProof(leaves.subList(0, 20), 11)))
        .isFalse();
  }

  @Test
  void continues_sameSizeOrEmpty_onlyWithoutAProof() {
    Head empty = MerkleTree.head(List.of());
    Head five = MerkleTree.head(leaves.subList(0, 5));
    Head otherFive = MerkleTree.head(leaves.subList(1, 6));

    assertThat(MerkleTree.continues(empty, five, List.of())).isTrue();
    assertThat(MerkleTree.continues(five, five, List.of())).isTrue();
    assertThat(MerkleTree.continues(five, otherFive, List.of())).isFalse();
    assertThat(MerkleTree.continues(empty, five, leaves.subList(0, 1))).isFalse();
    assertThat(MerkleTree.continues(five, five, leaves.subList(0, 1))).isFalse();
    assertThat(MerkleTree.continues(five, empty, List.of())).isFalse();
    assertThatThrownBy(() -> new Head(0, five.root())).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Head(3, empty.root()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void frontier_keptAndGoneOnWith_sameHeadAndFewHashes() {
    MerkleFrontier frontier = MerkleFrontier.empty();

    for (int size = 1; size <= LEAVES_MAX; size++) {
      frontier = MerkleFrontier.of(frontier.size(), frontier.peaks());
      frontier.add(leaves.get(size - 1));
      assertThat(frontier.head()).isEqualTo(MerkleTree.head(leaves.subList(0, size)));
      assertThat(frontier.peaks()).hasSize(Integer.bitCount(size));
    }
    assertThatThrownBy(() -> MerkleFrontier.of(5, leaves.subList(0, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Merkle frontier: 3 peaks for 5 leaves");
  }

  /**
   * Each hash altered, each left out, each there twice, neighbours swapped, one more at the end.
   */
  private static List<List<Fingerprint>> alterations(List<Fingerprint> proof, Random random) {
    List<List<Fingerprint>> result = new ArrayList<>();
    for (int i = 0; i < proof.size(); i++) {
      List<Fingerprint> changed = new ArrayList<>(proof);
      changed.set(i, altered(proof.get(i), random));
      result.add(changed);
      List<Fingerprint> shorter = new ArrayList<>(proof);
      shorter.remove(i);
      result.add(shorter);
      List<Fingerprint> longer = new ArrayList<>(proof);
      longer.add(i, proof.get(i));
      result.add(longer);
      if (i > 0) {
        List<Fingerprint> swapped = new ArrayList<>(proof);
        swapped.set(i, proof.get(i - 1));
        swapped.set(i - 1, proof.get(i));
        result.add(swapped);
      }
    }
    List<Fingerprint> more = new ArrayList<>(proof);
    more.add(MerkleTree.leaf(new byte[0]));
    result.add(more);
    return result;
  }

  private static Fingerprint altered(Fingerprint hash, Random random) {
    byte[] bytes = hash.bytes();
    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    return new Fingerprint(bytes);
  }

  private static List<Fingerprint> vectorLeaves() {
    List<Fingerprint> result = new ArrayList<>();
    for (JsonNode leaf : Vectors.read("merkle.json").path("leaves")) {
      result.add(MerkleTree.leaf(HexFormat.of().parseHex(leaf.asText())));
    }
    return result;
  }

  private static List<Fingerprint> hashes(JsonNode list) {
    List<Fingerprint> result = new ArrayList<>();
    list.forEach(hash -> result.add(Fingerprint.parse(hash.asText())));
    return result;
  }

  private static List<Fingerprint> leaves(int count) {
    List<Fingerprint> result = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      result.add(MerkleTree.leaf(new byte[] {(byte) i, 1}));
    }
    return result;
  }
}
