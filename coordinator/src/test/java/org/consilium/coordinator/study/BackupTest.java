package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.consilium.coordinator.backup.Backup;
import org.consilium.coordinator.backup.Restore;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.coordinator.journal.SqlJournal;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.protocol.ModelVersion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a running study, and what becomes of them elsewhere. */
final class BackupTest {
  @TempDir Path folder;
  private final List<ModelVersion> calm = new ArrayList<>();

  @BeforeEach
  void runUndisturbed() throws Exception {
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      c.run(c.ids, State.COMPLETED);
      c.snapshot().models().forEach(m -> calm.add(m.version()));
    }
  }

  /** An embedded journal in a state folder, with the database that it is in. */
  private record Opened(Database database, SqlJournal journal) implements AutoCloseable {
    static Opened in(Path state, TestConsortium c) throws IOException {
      Files.createDirectories(state);
      Database database = Database.open(Database.Place.in(state));
      LeaderLease.Terms terms =
          new LeaderLease.Terms(java.time.Duration.ofMinutes(1), System::nanoTime);
      LeaderLease lease = LeaderLease.ask(database, "test", terms).lease().orElseThrow();
      return new Opened(database, SqlJournal.open(database, lease, c.time));
    }

    @Override
    public void close() {
      journal.close();
      database.close();
    }
  }

  @Test
  void backup_ofEveryMoment_goesOnElsewhereToTheSameEnd() throws Exception {
    Path state = folder.resolve("run/state");
    try (TestConsortium c = new TestConsortium(folder.resolve("run"), 3);
        Opened opened = Opened.in(state, c)) {
      c.restart(opened.journal());
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      List<Path> backups = new ArrayList<>();
      backups.add(backup(c, opened, state, 0));
      for (int i = 1; c.snapshot().state() != State.COMPLETED && i < 60; i++) {
        for (var id : c.ids) { // one step of each, and a backup between any two
          boolean _ = c.act(id);
          backups.add(backup(c, opened, state, backups.size()));
        }
      }
      c.run(c.ids, State.COMPLETED);
      assertThat(c.snapshot().models()).map(m -> m.version()).isEqualTo(calm);
      assertThat(state.resolve("keys/pneumonia.aggregation")).doesNotExist();

      for (int i = 0; i < backups.size(); i++) {
        goesOn(c, backups.get(i), "restored" + i);
      }
    }
  }

  private void goesOn(TestConsortium c, Path backup, String name) throws Exception {
    Path state = folder.resolve("run").resolve(name);
    var _ = Restore.into(backup, state);
    c.move(name);
    try (Opened there = Opened.in(state, c)) {
      c.restart(there.journal());
      c.run(c.ids, State.COMPLETED);

      assertThat(c.snapshot().models()).as(name).map(m -> m.version()).isEqualTo(calm);
      assertThat(there.journal().firstBadEntry()).as(name).isZero();
      c.studies().close();
    }
  }

  @Test
  void backup_whileTheStudyEnds_keepsNothingTooMuchAfterwards() throws Exception {
    Path state = folder.resolve("run/state");
    try (TestConsortium c = new TestConsortium(folder.resolve("run"), 3);
        Opened opened = Opened.in(state, c)) {
      c.restart(opened.journal());
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      c.studies()
          .hold()
          .during(
              () -> {
                c.run(c.ids, State.COMPLETED);
                assertThat(state.resolve("keys/pneumonia.aggregation")).exists();
                try (Stream<Path> spool = Files.walk(state.resolve("spool"))) {
                  assertThat(spool.filter(f -> f.toString().endsWith(".sealed"))).hasSize(6);
                }
              });

      assertThat(state.resolve("keys/pneumonia.aggregation")).doesNotExist();
      try (Stream<Path> spool = Files.walk(state.resolve("spool"))) {
        assertThat(spool.filter(Files::isRegularFile)).isEmpty();
      }
    }
  }

  @Test
  void restore_byteChanged_isRefusedAndLeavesNothing() throws Exception {
    Path backup = one();
    byte[] bytes = Files.readAllBytes(backup);
    bytes[bytes.length / 2] ^= 1;
    Files.write(backup, bytes);

    assertThatThrownBy(() -> Restore.into(backup, folder.resolve("new")))
        .satisfiesAnyOf(
            e -> assertThat(e).isInstanceOf(Restore.Refused.class),
            e -> assertThat(e).isInstanceOf(java.util.zip.ZipException.class));
    assertThat(folder.resolve("new")).doesNotExist();
    assertThat(folder.resolve("new.restoring")).doesNotExist();
  }

  @Test
  void restore_cutShort_isRefused() throws Exception {
    Path backup = one();
    byte[] bytes = Files.readAllBytes(backup);
    Files.write(backup, java.util.Arrays.copyOf(bytes, bytes.length - 200));

    assertThatThrownBy(() -> Restore.into(backup, folder.resolve("new")))
        .isInstanceOf(Restore.Refused.class)
        .hasMessageContaining("is no backup");
  }

  @Test
  void restore_intoAFolderWithSomething_isRefused() throws Exception {
    Path backup = one();
    Files.createDirectories(folder.resolve("new"));
    Files.writeString(folder.resolve("new/journal.mv.db"), "another's");

    assertThatThrownBy(() -> Restore.into(backup, folder.resolve("new")))
        .isInstanceOf(Restore.Refused.class)
        .hasMessageContaining("is not empty");
    assertThat(folder.resolve("new/journal.mv.db")).hasContent("another's");
  }

  @Test
  void backup_filesThatOperatorsNamed_areInIt() throws Exception {
    Map<String, String> own =
        Map.of(
            "foundations/my model (v2), größer.safetensors", "parameters",
            "keys/draft-mri.aggregation", "a study may be called so",
            "spool/draft-mri/1-1/draft-site.sealed", "and a site");
    for (var file : own.entrySet()) {
      Path path = folder.resolve("one/state").resolve(file.getKey());
      Files.createDirectories(path.resolve("..").normalize());
      Files.writeString(path, file.getValue());
    }

    var _ = Restore.into(one(), folder.resolve("new"));

    for (var file : own.entrySet()) {
      assertThat(folder.resolve("new").resolve(file.getKey())).hasContent(file.getValue());
    }
  }

  @Test
  void restore_namesOutOfTheFolder_areRefused() throws Exception {
    Path backup = one();
    for (String name : List.of("../evil", "/evil", "keys/../../evil", "keys//evil", "./evil")) {
      Path forged = folder.resolve("forged");
      try (var in = new ZipInputStream(Files.newInputStream(backup));
          var out = new ZipOutputStream(Files.newOutputStream(forged))) {
        for (ZipEntry each = in.getNextEntry(); each != null; each = in.getNextEntry()) {
          String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
          boolean key = each.getName().equals("keys/pneumonia.aggregation");
          out.putNextEntry(new ZipEntry(key ? name : each.getName()));
          String forgery =
              each.getName().equals("backup.json")
                  ? text.replace("keys/pneumonia.aggregation", name)
                  : text;
          out.write(forgery.getBytes(StandardCharsets.ISO_8859_1));
        }
      }

      assertThatThrownBy(() -> Restore.into(forged, folder.resolve("new")))
          .as(name)
          .isInstanceOf(Restore.Refused.class)
          .hasMessage("the backup's list of what it holds is damaged at " + name);
      assertThat(folder.resolve("evil")).doesNotExist();
    }
  }

  @Test
  void restore_keyFiles_areReadableByTheirOwnerAlone() throws Exception {
    var _ = Restore.into(one(), folder.resolve("new"));

    assertThat(Files.getPosixFilePermissions(folder.resolve("new/keys/pneumonia.aggregation")))
        .containsExactlyInAnyOrder(
            java.nio.file.attribute.PosixFilePermission.OWNER_READ,
            java.nio.file.attribute.PosixFilePermission.OWNER_WRITE);
  }

  @Test
  void backup_stateThroughALink_holdsWhatTheFolderHolds() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("disk"));
    Files.createDirectories(folder.resolve("one"));
    Files.createSymbolicLink(folder.resolve("one/state"), disk);

    var _ = Restore.into(one(), folder.resolve("new"));

    assertThat(folder.resolve("new/keys/pneumonia.aggregation")).isRegularFile();
    assertThat(names(folder.resolve("new/models")))
        .isNotEmpty()
        .isEqualTo(names(disk.resolve("models")));
  }

  @Test
  void backup_folderMovedToAnotherDiskAndLinked_holdsItsFiles() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("disk/models"));
    Files.createDirectories(folder.resolve("one/state"));
    Files.createSymbolicLink(folder.resolve("one/state/models"), disk);

    var _ = Restore.into(one(), folder.resolve("new"));

    assertThat(Files.isSymbolicLink(folder.resolve("new/models"))).isFalse();
    assertThat(names(folder.resolve("new/models"))).isNotEmpty().isEqualTo(names(disk));
  }

  @Test
  void backup_linkThatLeadsBack_isNotMadeAndTheLinkIsNamed() throws Exception {
    Path state = Files.createDirectories(folder.resolve("one/state"));
    Files.createSymbolicLink(state.resolve("round-about"), state);

    assertThatThrownBy(this::one)
        .isInstanceOf(Backup.NotMade.class)
        .hasMessageContaining("round-about leads back");
    assertThat(names(state)).noneMatch(name -> name.startsWith("backup-"));
  }

  @Test
  void backup_linkThatLeadsNowhere_isNotMadeAndTheLinkIsNamed() throws Exception {
    Path state = Files.createDirectories(folder.resolve("one/state"));
    Files.createSymbolicLink(state.resolve("unplugged"), folder.resolve("no-disk"));

    assertThatThrownBy(this::one)
        .isInstanceOf(Backup.NotMade.class)
        .hasMessageContaining("unplugged leads nowhere");
  }

  @Test
  void backup_keyOfARunningStudyIsMissing_isNotMadeAndNothingStays() throws Exception {
    Path state = folder.resolve("one/state");

    assertThatThrownBy(
            () -> oneAfter(_ -> Files.delete(state.resolve("keys/pneumonia.aggregation"))))
        .isInstanceOf(Backup.NotMade.class)
        .hasMessageContaining("keys/pneumonia.aggregation is not in the state folder");
    assertThat(names(state)).noneMatch(name -> name.startsWith("backup-"));
  }

  @Test
  void backup_modelOfARunningStudyIsMissing_isNotMade() throws Exception {
    Path models = folder.resolve("one/state/models");

    assertThatThrownBy(
            () ->
                oneAfter(
                    _ -> {
                      for (String name : names(models)) {
                        Files.delete(models.resolve(name));
                      }
                    }))
        .isInstanceOf(Backup.NotMade.class)
        .hasMessageContaining("models/")
        .hasMessageContaining(".safetensors is not in the state folder");
  }

  @Test
  void backup_decisionsAndDraftsOfThisCopy_areNotInIt() throws Exception {
    Path state = Files.createDirectories(folder.resolve("one/state"));
    List<String> own = List.of("rolled-back", "rolled-back.accepted", "backup-17.part");
    for (String name : own) {
      Files.writeString(state.resolve(name), "of this copy alone");
    }

    var _ = Restore.into(one(), folder.resolve("new"));

    assertThat(names(folder.resolve("new")))
        .contains("journal.mv.db")
        .doesNotContainAnyElementsOf(own);
  }

  @Test
  void file_ofARunningStudy_isForItsOwnerAloneInTheStateFolder() throws Exception {
    Path state = folder.resolve("one/state");

    Path file = one();

    assertThat(file.toRealPath()).hasParent(state.toRealPath());
    assertThat(String.valueOf(file.getFileName())).matches("backup-\\d+\\.part");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(names(state)).filteredOn(name -> name.startsWith("backup-")).hasSize(1);
  }

  @Test
  void sweep_afterAKill_removesWhatABackupLeftAndNothingElse() throws Exception {
    Path state = Files.createDirectories(folder.resolve("killed"));
    Files.writeString(state.resolve("backup-123.part"), "keys");
    Files.createDirectories(state.resolve("backup-456"));
    Files.writeString(state.resolve("backup-456/journal.zip"), "the journal");
    Files.createDirectories(state.resolve("backup-2026"));
    Files.writeString(state.resolve("backup-2026/notes.txt"), "an operator's");
    Files.writeString(state.resolve("backup-notes.part"), "an operator's");

    Backup.sweep(state);

    assertThat(names(state)).containsExactly("backup-2026", "backup-notes.part");
    assertThat(state.resolve("backup-2026/notes.txt")).exists();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  /** Happens to a state folder before it is copied. */
  private interface Mishap {
    void in(Path state) throws IOException;
  }

  private Path one() throws Exception {
    return oneAfter(_ -> {});
  }

  /** A backup of a study that runs, as the coordinator makes it. */
  private Path oneAfter(Mishap mishap) throws Exception {
    Path state = folder.resolve("one/state");
    try (TestConsortium c = new TestConsortium(folder.resolve("one"), 3);
        Opened opened = Opened.in(state, c)) {
      c.restart(opened.journal());
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      mishap.in(state);
      return new Backup(state, opened.database(), c.studies()).file(c.time.instant());
    }
  }

  private Path backup(TestConsortium c, Opened opened, Path state, int number) throws IOException {
    Path file = folder.resolve("backup" + number);
    try (OutputStream out = Files.newOutputStream(file)) {
      new Backup(state, opened.database(), c.studies()).write(out, c.time.instant());
    }
    return file;
  }
}
