package org.consilium.models.engine.reference;

import java.io.IOException;

/** How the folders of one kind of model are run. */
interface ReferenceCase {
  /** Whether this is the kind, judged by the configuration alone. */
  boolean fits(Workbench bench);

  /**
   * Runs the model and compares everything that the folder records.
   *
   * @throws IllegalArgumentException if the configuration or the weights are not those of the kind
   * @throws IOException if a file cannot be read
   */
  void run(Workbench bench) throws IOException;
}
