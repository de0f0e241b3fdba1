package org.consilium.coordinator.consortium;

import java.util.Arrays;
import org.consilium.protocol.Limits;

/**
 * What a site asks certificates for when it joins.
 *
 * @param tls PKCS#10, DER, for its TLS key
 * @param signing PKCS#10, DER, for its message signing key
 * @param softwareVersion what it says it runs; made printable
 */
public record KeyRequests(byte[] tls, byte[] signing, String softwareVersion) {
  public KeyRequests {
    tls = tls.clone();
    signing = signing.clone();
    softwareVersion = Limits.printable(softwareVersion);
  }

  @Override
  public byte[] tls() {
    return tls.clone();
  }

  @Override
  public byte[] signing() {
    return signing.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeyRequests k
        && Arrays.equals(tls, k.tls)
        && Arrays.equals(signing, k.signing)
        && softwareVersion.equals(k.softwareVersion);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(tls) * 31 + Arrays.hashCode(signing);
  }
}
