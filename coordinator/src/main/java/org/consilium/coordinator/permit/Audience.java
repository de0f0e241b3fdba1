package org.consilium.coordinator.permit;

/** Who asks, as far as it was proved: the roles of a consortium, and two without a proof. */
public enum Audience {
  /** Lets sites in and shuts them out. */
  CONSORTIUM_ADMIN,
  /** Keeps the coordinator running. */
  COORDINATOR_ADMIN,
  /** Makes and steers studies, and takes their models. */
  DATA_SCIENTIST,
  /** A person at one hospital; works at the hospital's own node and has no way in here. */
  SITE_ADMIN,
  /** A hospital's node, by its TLS certificate. */
  SITE_NODE,
  /** Reads figures, logs and hashes; never weights. */
  AUDITOR,
  /** A program on the coordinator's own machine, without a token. */
  LOCAL_READER,
  /** Whoever reaches the port. */
  ANYONE
}
