package org.consilium.models.params;

import java.util.Arrays;
import java.util.Optional;

/** The type of a tensor's stored values; the names are those of the safetensors format. */
public enum Dtype {
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  F64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1),
  F8_E5M2(1),
  F8_E4M3(1);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one value. */
  public int bytes() {
    return bytes;
  }

  /** Whether values are read as float32: F32, F16, BF16 and I64. */
  public boolean readable() {
    return this == F32 || this == F16 || this == BF16 || this == I64;
  }

  static Optional<Dtype> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
