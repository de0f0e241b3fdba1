package org.consilium.coordinator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import org.consilium.security.keyfile.KeyFile;

/** The administrator's password, made by chance at the first start. */
final class AdminToken {
  private static final int TOKEN_BYTES = 32;
  private static final int FILE_BYTES_MAX = 1024;

  private AdminToken() {}

  /** The token of a state folder. */
  static String of(Path state, SecureRandom random) throws IOException {
    Path file = state.resolve(Coordinator.ADMIN_TOKEN);
    if (!Files.exists(file)) {
      byte[] secret = new byte[TOKEN_BYTES];
      random.nextBytes(secret);
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(secret) + "\n";
      KeyFile.create(file, text.getBytes(StandardCharsets.US_ASCII));
    }
    return new String(KeyFile.read(file, FILE_BYTES_MAX), StandardCharsets.US_ASCII).strip();
  }
}
