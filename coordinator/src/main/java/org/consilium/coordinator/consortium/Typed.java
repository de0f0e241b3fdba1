package org.consilium.coordinator.consortium;

import org.consilium.protocol.Limits;

/** What people typed. */
public final class Typed {
  private Typed() {}

  /** A reason in one printable line. */
  public static String reason(String reason) {
    return reason.isBlank() ? "no reason given" : Limits.printable(reason.strip());
  }
}
