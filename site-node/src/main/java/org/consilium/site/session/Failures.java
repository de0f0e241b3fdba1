package org.consilium.site.session;

import io.grpc.Status;
import org.consilium.protocol.Limits;

/** What a failed call means for a site; the one place that reads gRPC's codes. */
public final class Failures {
  private Failures() {}

  /** Whether the coordinator gave this reason: its descriptions begin with the reason's name. */
  public static boolean says(Status status, String reason) {
    String said = status.getDescription();
    return said != null && said.startsWith(reason + ": ");
  }

  /** The name of the reason that the coordinator gave; empty if it gave none. */
  static String reason(Status status) {
    String said = String.valueOf(status.getDescription());
    int colon = said.indexOf(": ");
    return colon > 0 && said.substring(0, colon).matches("[A-Z_]{3,40}")
        ? said.substring(0, colon)
        : "";
  }

  /** The same without the code and the reason's name, in words for a person. */
  static String plainWords(Status status) {
    String reason = reason(status);
    if (reason.isEmpty()) {
      return words(status);
    }
    String said = String.valueOf(status.getDescription()).substring(reason.length() + 2);
    return said.substring(0, Math.min(said.length(), Limits.TEXT_CHARS_MAX))
        .replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Co}\\p{Cn}]", "?");
  }

  /** Whether the same call may succeed later. */
  public static boolean passing(Status status) {
    if (says(status, "UNKNOWN_UPLOAD")) {
      return true; // its round ended in the middle; announcing it again says what became of it
    }
    return switch (status.getCode()) {
      case UNAVAILABLE,
          DEADLINE_EXCEEDED,
          RESOURCE_EXHAUSTED,
          ABORTED,
          INTERNAL,
          UNKNOWN,
          CANCELLED,
          DATA_LOSS ->
          true;
      case OK,
          INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          UNIMPLEMENTED,
          UNAUTHENTICATED ->
          false;
    };
  }

  /** The code, and what the coordinator says, made safe to print. */
  public static String words(Status status) {
    String said = status.getDescription();
    String cause = status.getCause() == null ? "" : rootMessage(status.getCause());
    return status.getCode()
        + (said == null ? "" : ": " + Limits.printable(said))
        + (cause.isEmpty() ? "" : " (" + Limits.printable(cause) + ")");
  }

  private static String rootMessage(Throwable failure) {
    Throwable root = failure;
    for (int i = 0; i < 10 && root.getCause() != null; i++) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  /** A fixed word for a cut stream, for metrics. */
  static String word(Status status) {
    String words = words(status);
    if (words.contains("407")) {
      return "proxy_auth";
    }
    if (words.contains("pinned") || words.contains("PKIX") || words.contains("certificate")) {
      return "tls";
    }
    return status.getCode().name().toLowerCase(java.util.Locale.ROOT);
  }
}
