package org.consilium.models.params;

import java.io.IOException;
import java.util.Locale;

/**
 * A file that is not the safetensors file it claims to be, or holds what this product does not
 * read. The message names the rule that is broken, the tensor and the numbers.
 */
public final class MalformedSafetensors extends IOException {
  private static final long serialVersionUID = 1L;

  /** The rule that is broken. */
  public enum Reason {
    /** Fewer than the 8 bytes of the header's length. */
    HEADER_TOO_SMALL,
    /** The header claims more than 100,000,000 bytes. */
    HEADER_TOO_LARGE,
    HEADER_LENGTH_BEYOND_FILE,
    /**
     * The header does not begin with an opening brace: a pickle, a zip archive or something else.
     */
    BAD_HEADER_START,
    BAD_JSON,
    BAD_UTF8,
    DUPLICATE_KEY,
    DUPLICATE_FIELD,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    BAD_METADATA,
    UNKNOWN_DTYPE,
    BAD_SHAPE,
    /** The number of values or bytes does not fit in 63 bits. */
    SHAPE_OVERFLOW,
    BAD_OFFSETS,
    OFFSET_BEYOND_DATA,
    SIZE_MISMATCH,
    OVERLAP,
    HOLE,
    TRAILING_BYTES,
    TOO_MANY_TENSORS,
    /** A legal file without a single value. */
    NO_PARAMETERS,
    /** A legal file with a tensor name that no model of this product uses. */
    UNSUPPORTED_NAME,
    /** A legal file with a type that is not read as float32. */
    UNSUPPORTED_DTYPE,
    /** A legal file with a shape or size that no model of this product has. */
    UNSUPPORTED_SHAPE;

    /** The reason as a word for labels and messages. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Reason reason;
  private final String detail;

  MalformedSafetensors(Reason reason, String detail) {
    super("read safetensors: %s: %s".formatted(reason.word(), detail));
    this.reason = reason;
    this.detail = detail;
  }

  /** Which rule is broken. */
  public Reason reason() {
    return reason;
  }

  /** The tensor and the numbers, safe to print. */
  public String detail() {
    return detail;
  }
}
