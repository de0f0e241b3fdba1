package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyId;

/**
 * The studies as the web, the metrics and the command line see them: snapshots out, an
 * administrator's commands in. Safe for use by many threads.
 */
public interface StudyCatalogue {
  /** Every study, sorted by name; as it stands at this moment. */
  List<StudySnapshot> list();

  /** One study as it stands at this moment. */
  Optional<StudySnapshot> find(StudyId study);

  /**
   * Takes in a new study and proposes it to its sites; it waits for {@link #start}. Until then the
   * same request again gets the same answer.
   *
   * @param planBytes a serialized plan; its SHA-256 becomes the study's digest
   * @throws StudyRefused ALREADY_EXISTS for a name in use, ILLEGAL for a plan that does not decode
   *     or whose model is not in the catalogue, UNKNOWN_SITE
   */
  StudySnapshot create(byte[] planBytes) throws StudyRefused, IOException;

  /** Lets rounds run as soon as enough sites have accepted. */
  StudySnapshot start(StudyId study) throws StudyRefused, IOException;

  /** Stops after the step in progress; work already accepted is kept. */
  StudySnapshot pause(StudyId study, String reason) throws StudyRefused, IOException;

  /** Goes on after a pause. */
  StudySnapshot resume(StudyId study) throws StudyRefused, IOException;

  /** Ends the study for good; its models stay. */
  StudySnapshot stop(StudyId study, String reason) throws StudyRefused, IOException;

  /**
   * The safetensors file of a published version; read only.
   *
   * @throws StudyRefused NOT_FOUND for a version that no study published
   */
  Path modelFile(ModelVersion version) throws StudyRefused, IOException;
}
