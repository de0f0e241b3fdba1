package org.consilium.security.sign;

import java.security.cert.X509Certificate;
import java.util.List;
import org.consilium.security.identity.SpiffeId;

/** Says whose a chain of certificates is, once it is found right. */
@FunctionalInterface
public interface ChainJudge {
  /**
   * The name of a chain's leaf.
   *
   * @param chain leaf first
   * @param required the kind of name the caller needs
   */
  SpiffeId verify(List<X509Certificate> chain, SpiffeId.Kind required) throws ChainRefused;
}
