package org.consilium.coordinator.consortium;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import org.consilium.protocol.Limits;
import org.consilium.security.identity.Fingerprint;

/** What people typed. */
final class Typed {
  private Typed() {}

  /** Whether these are a key's six words, or its 64 hexadecimal digits. */
  static boolean isFingerprint(Fingerprint key, String typed) {
    List<String> words = List.of(typed.strip().toLowerCase(Locale.ROOT).split("[^a-z0-9]+"));
    String expected = words.size() == 1 ? key.hex() : String.join(" ", key.words());
    return MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8),
        String.join(" ", words).getBytes(StandardCharsets.UTF_8));
  }

  /** A reason in one printable line. */
  static String reason(String reason) {
    return reason.isBlank() ? "no reason given" : Limits.printable(reason.strip());
  }
}
