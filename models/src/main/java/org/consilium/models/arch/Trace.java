package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;

/** Is shown the values inside a forward pass, by name. */
@FunctionalInterface
public interface Trace {
  /** Nobody looks. */
  Trace NONE = (_, _) -> {};

  /** One value on its way; read, not kept: it dies with the pass. */
  void seen(String name, NDArray value);
}
