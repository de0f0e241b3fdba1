package org.consilium.security.sign;

/** A presented chain of certificates is not accepted. */
public final class ChainRefused extends Exception {
  private static final long serialVersionUID = 1L;

  ChainRefused(String detail) {
    super("certificate chain refused: " + detail);
  }

  ChainRefused(String detail, Throwable cause) {
    super("certificate chain refused: " + detail, cause);
  }
}
