package org.consilium.coordinator.study;

import java.util.Arrays;
import java.util.Objects;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.sign.SigningKey;

/**
 * A signed message for a site.
 *
 * @param kind what it is
 * @param about names its content: equal for repeats, whatever time is left
 * @param body encoded proposal or task
 * @param signature over kind and body
 */
public record Outgoing(SignedKind kind, String about, byte[] body, byte[] signature) {
  public Outgoing {
    body = body.clone();
    signature = signature.clone();
  }

  static Outgoing signed(SignedKind kind, String about, byte[] body, SigningKey key) {
    return new Outgoing(kind, about, body, key.sign(kind.label(), body));
  }

  @Override
  public byte[] body() {
    return body.clone();
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Outgoing o
        && kind == o.kind
        && about.equals(o.about)
        && Arrays.equals(body, o.body)
        && Arrays.equals(signature, o.signature);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, about);
  }
}
