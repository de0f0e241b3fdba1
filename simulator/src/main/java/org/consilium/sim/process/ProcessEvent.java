package org.consilium.sim.process;

import java.time.Instant;

/** Something that happened to a child process. */
public sealed interface ProcessEvent {
  /** The child's unique name. */
  String name();

  /** When. */
  Instant at();

  /** It was started; {@code start} counts from 1. */
  record Started(String name, Instant at, long pid, int start) implements ProcessEvent {}

  /** It was sent SIGKILL by us, for {@code why}. */
  record Killed(String name, Instant at, long pid, String why) implements ProcessEvent {}

  /** It ended with {@code code}: 128 + n after signal n. */
  record Ended(String name, Instant at, long pid, int code) implements ProcessEvent {}

  /** It will not be started again: {@code why} says what it did and shows its last output. */
  record GivenUp(String name, Instant at, String why) implements ProcessEvent {}
}
