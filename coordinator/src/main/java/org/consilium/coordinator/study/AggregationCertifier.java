package org.consilium.coordinator.study;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;

/** Has the consortium's certificate authority vouch for a study's aggregation key. */
@FunctionalInterface
public interface AggregationCertifier {
  /**
   * Certificates for a key.
   *
   * @param sealingKey SHA-256 of the X-Wing public key
   * @return leaf first
   */
  List<X509Certificate> certify(StudyId study, Fingerprint sealingKey) throws IOException;
}
