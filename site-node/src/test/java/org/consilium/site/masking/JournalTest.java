package org.consilium.site.masking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.mask.MaskSecrets;
import org.consilium.security.mask.MaskingSite.Progress;
import org.consilium.security.mask.Pledge;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal that was cut anywhere says nothing: it never says less than it was told (I6). */
final class JournalTest {
  private static final StudyId STUDY = new StudyId("masked-study");

  @TempDir private Path folder;
  private Journal journal = new Journal(Path.of(""), files());

  @BeforeEach
  void open() {
    journal = new Journal(folder, files());
  }

  @Test
  void f8_pledgesCutAtEveryByte_areRefusedAndNeverForgotten() throws IOException {
    journal.note(round(1), pledge(1));
    journal.note(round(2), pledge(2));
    Path file = folder.resolve(STUDY.value()).resolve("mask-pledges.txt");
    byte[] whole = Files.readAllBytes(file);
    assertThat(journal.pledge(round(1))).contains(pledge(1));
    assertThat(journal.pledge(round(2))).contains(pledge(2));
    assertThat(journal.pledge(round(3))).isEmpty();

    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));

      for (int round = 1; round <= 3; round++) {
        RoundId asked = round(round);
        assertThatThrownBy(() -> journal.pledge(asked))
            .as("the first %d of %d bytes, round %d", length, whole.length, round)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("mask-pledges.txt: it is damaged");
        assertThatThrownBy(() -> journal.note(asked, pledge(9))).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void f8_attemptCutAtEveryByte_isRefused() throws IOException {
    journal.write(entry());
    Path file = folder.resolve(STUDY.value()).resolve("masking.sealed");
    byte[] whole = Files.readAllBytes(file);
    assertThat(journal.read(STUDY).map(Journal.Entry::place)).contains(entry().place());

    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));

      assertThatThrownBy(() -> journal.read(STUDY))
          .as("the first %d of %d bytes", length, whole.length)
          .isInstanceOf(IOException.class);
    }
  }

  private static Journal.Entry entry() {
    List<SiteId> sites = List.of(new SiteId("east"), new SiteId("north"), new SiteId("south"));
    return new Journal.Entry(
        new MaskMessage.Place(digest(1), round(1), 1),
        digest(2),
        sites,
        List.of(digest(3), digest(4), digest(5)),
        3,
        3,
        MaskSecrets.draw(new SecureRandom()),
        Progress.NONE);
  }

  private static RoundId round(int number) {
    return new RoundId(STUDY, number);
  }

  private static Pledge pledge(int of) {
    return new Pledge(
        new Fingerprint(digest(of).bytes()), new Fingerprint(digest(of + 100).bytes()));
  }

  private static Digest digest(int of) {
    return Digest.sha256(new byte[] {(byte) of});
  }

  private static SealedFile files() {
    return new SealedFile(new byte[32], "test", new SecureRandom());
  }
}
