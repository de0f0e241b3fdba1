package org.consilium.sim.virtual.disk;

import java.io.IOException;

/** Is asked before every operation on a disk: returns, fails it, or ends the process. */
@FunctionalInterface
public interface DiskFaults {
  /** What is about to be done. */
  enum Operation {
    READ,
    WRITE,
    FORCE,
    RENAME,
    DELETE,
    CREATE
  }

  /**
   * Before an operation; nothing of it has happened.
   *
   * @param path absolute, of the file or folder
   * @throws IOException to fail it; a failed force loses what it was to keep, once the power goes
   * @throws ProcessDied to end the process
   */
  void before(Operation operation, String path) throws IOException;
}
