package org.consilium.protocol;

/**
 * A published set of parameters, named by the SHA-256 of its safetensors file.
 *
 * @param digest SHA-256 of the whole file
 */
public record ModelVersion(Digest digest) {
  @Override
  public String toString() {
    return digest.hex();
  }
}
