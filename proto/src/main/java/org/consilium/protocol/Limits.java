package org.consilium.protocol;

import java.time.Duration;

/** The largest size of everything that crosses the wire, with the reason for each. */
public final class Limits {
  /** Number of this wire protocol; both ends must speak it. */
  public static final int PROTOCOL = 1;

  /** Plaintext bytes of one update chunk: large enough for the wire's speed, small for the heap. */
  public static final int CHUNK_PLAIN_BYTES = 1 << 20;

  /** AES-GCM tag on each chunk. */
  public static final int CHUNK_TAG_BYTES = 16;

  /** Sealed bytes of one full chunk. */
  public static final int CHUNK_SEALED_BYTES = CHUNK_PLAIN_BYTES + CHUNK_TAG_BYTES;

  /** Bytes of one model chunk on the way down. */
  public static final int MODEL_CHUNK_BYTES = 1 << 20;

  /** Bytes of a model's chunk in one message. */
  public static final int MODEL_PART_BYTES = 256 << 10;

  /**
   * Bytes of an update's chunk in one message, as a coordinator asks for them. It holds each
   * message until it is whole, one a site.
   */
  public static final int PART_BYTES = 128 << 10;

  /**
   * Fewest bytes of a part that is not a chunk's last: each costs a message, and renews the lease
   * as {@link #LEASE_BYTES} do.
   */
  public static final int PART_BYTES_MIN = 64 << 10;

  /**
   * The lease of a transfer at the side that receives: it is renewed by every {@link #LEASE_BYTES}
   * that arrive, and by every whole message. 64 KiB a minute is 8.7 kbit/s.
   */
  public static final Duration RECEIVING_LEASE = Duration.ofSeconds(60);

  /** Bytes that renew the receiver's lease; a peer that sends single bytes never gets so far. */
  public static final int LEASE_BYTES = 64 << 10;

  /**
   * The lease of a transfer at the side that sends: it is renewed by every whole chunk that went.
   * One of 1 MiB takes 131 s at 64 kbit/s, the slowest line that is supported. It is longer than
   * the receiver's, so that a receiver lets go of a dead transfer before its sender gives up.
   */
  public static final Duration SENDING_LEASE = Duration.ofSeconds(150);

  /** Largest gRPC message: a chunk, or the manifest of the largest update. */
  public static final int MESSAGE_BYTES_MAX = 2 << 20;

  /** Largest gRPC metadata. */
  public static final int METADATA_BYTES_MAX = 8 << 10;

  /** Most parameters of a model: just under 2 Gi, 8 GiB of float32; a vector length fits an int. */
  public static final long PARAMETERS_MAX = (1L << 31) - 1024;

  /** Most tensors of a model; the safetensors reader has the same bound. */
  public static final int TENSORS_MAX = 100_000;

  /** Most chunks of one update; 2 Gi parameters of 4 bytes in 1 MiB chunks. */
  public static final int CHUNKS_MAX = 8_300;

  /** Most rounds of a study. */
  public static final int ROUNDS_MAX = 10_000;

  /** Most monitoring windows of a study. */
  public static final int WINDOWS_MAX = 10_000;

  /** Most participants of a round: 2^10 leave the fixed-point sum of 32 bits 14 bits a value. */
  public static final int PARTICIPANTS_MAX = 1024;

  /**
   * Most participants of a masked round (every site agrees with every other: n² parcels), and of
   * one whose rule compares single updates (n² distances, 1 MiB a site and thread).
   */
  public static final int PAIRED_PARTICIPANTS_MAX = 128;

  /** Fewest participants of a round: a sum of two tells each the other's part. */
  public static final int PARTICIPANTS_MIN = 2;

  /** Largest integer weight of an update, 2^6. */
  public static final int WEIGHT_MAX = 64;

  /** Largest study file and serialized plan. */
  public static final int PLAN_BYTES_MAX = 256 << 10;

  /** Most measures in one report. */
  public static final int MEASURES_MAX = 64;

  /** Longest text field. */
  public static final int TEXT_CHARS_MAX = 400;

  /** How long after its end a site's TLS certificate can be recovered by the signing key. */
  public static final Duration RECOVERABLE = Duration.ofDays(7);

  /** Longest a round may wait; a round never waits for ever. */
  public static final Duration DEADLINE_MAX = Duration.ofDays(14);

  private Limits() {}

  /** A foreign text made safe to print: control characters replaced, at most 60 characters. */
  public static String printable(String foreign) {
    String cut = foreign.length() > 60 ? foreign.substring(0, 60) + "…" : foreign;
    return cut.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Co}\\p{Cn}]", "?");
  }
}
