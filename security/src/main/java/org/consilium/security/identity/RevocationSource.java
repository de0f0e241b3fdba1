package org.consilium.security.identity;

/** Where the newest list of revoked certificates comes from; asked in every handshake. */
public interface RevocationSource {
  /**
   * The newest list, its signature verified.
   *
   * @throws RevocationRefused if there is none that can be believed
   */
  RevocationList current() throws RevocationRefused;
}
