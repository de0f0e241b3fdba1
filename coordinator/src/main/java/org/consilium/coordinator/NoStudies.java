package org.consilium.coordinator;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.study.StudyCatalogue;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyId;

/** A coordinator that only enrols sites: it has no study and takes none. */
final class NoStudies implements StudyCatalogue {
  @Override
  public List<StudySnapshot> list() {
    return List.of();
  }

  @Override
  public Optional<StudySnapshot> find(StudyId study) {
    return Optional.empty();
  }

  @Override
  public StudySnapshot create(byte[] planBytes) throws StudyRefused {
    throw new StudyRefused(StudyRefused.Why.ILLEGAL, "this coordinator only enrols sites");
  }

  @Override
  public StudySnapshot start(StudyId study) throws StudyRefused {
    throw absent(study.value());
  }

  @Override
  public StudySnapshot pause(StudyId study, String reason) throws StudyRefused {
    throw absent(study.value());
  }

  @Override
  public StudySnapshot resume(StudyId study) throws StudyRefused {
    throw absent(study.value());
  }

  @Override
  public StudySnapshot stop(StudyId study, String reason) throws StudyRefused {
    throw absent(study.value());
  }

  @Override
  public Path modelFile(ModelVersion version) throws StudyRefused {
    throw absent(version.toString());
  }

  private static StudyRefused absent(String name) {
    return new StudyRefused(StudyRefused.Why.NOT_FOUND, "no study or model " + name);
  }
}
