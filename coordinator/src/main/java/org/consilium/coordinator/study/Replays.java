package org.consilium.coordinator.study;

import java.io.IOException;
import org.consilium.protocol.StudyId;

/** Does a study's rounds again; {@link StudyReplay#replay}. */
@FunctionalInterface
public interface Replays {
  /**
   * Replays a study as far as it is.
   *
   * @throws StudyRefused NOT_FOUND
   * @throws IOException if the journal or the disk fails
   */
  Replayed replay(StudyId study) throws StudyRefused, IOException;
}
