package org.consilium.site.session;

import com.google.protobuf.ByteString;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.consilium.proto.v1.Signed;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;

/** The key that signs proposals and tasks, once its chain was checked against the root. */
final class CoordinatorKey {
  private final VerifyingKey key;

  private CoordinatorKey(VerifyingKey key) {
    this.key = key;
  }

  static CoordinatorKey of(List<ByteString> chain, ChainCheck check) throws ChainRefused {
    List<X509Certificate> certificates =
        ChainCheck.parse(chain.stream().map(ByteString::toByteArray).toList());
    var _ = check.verify(certificates, SpiffeId.Kind.COORDINATOR_SIGNING);
    try {
      return new CoordinatorKey(VerifyingKey.of(certificates.getFirst()));
    } catch (IllegalArgumentException unusable) {
      throw new MalformedMessage("session: " + unusable.getMessage(), unusable);
    }
  }

  /** The body, if its signature is right; nothing of it is looked at before. */
  Optional<byte[]> open(SignedKind kind, Signed signed) {
    byte[] body = signed.getBody().toByteArray();
    return key.verify(kind.label(), body, signed.getSignature().toByteArray())
        ? Optional.of(body)
        : Optional.empty();
  }
}
