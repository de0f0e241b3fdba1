package org.consilium.sim.virtual.fault;

/** A kind of fault, and how often it strikes where it can: in a million chances. */
public enum Fault {
  /** The coordinator's process ends just before an entry of the journal is durable. */
  COORDINATOR_DIES_BEFORE_APPEND(6_000),
  /** It ends just after: the entry is there, and nobody was told. */
  COORDINATOR_DIES_AFTER_APPEND(6_000),
  /** The journal says that it failed, and the entry is not there. */
  APPEND_FAILS(2_000),
  /** The journal says that it failed, and the entry is there. */
  APPEND_FAILS_WRITTEN(2_000),
  /** The coordinator's process ends in the middle of a write. */
  COORDINATOR_DIES_AT_WRITE(1_500),
  /** It ends before a force. */
  COORDINATOR_DIES_AT_FORCE(2_000),
  /** It ends before a file gets its name. */
  COORDINATOR_DIES_AT_RENAME(4_000),
  /** It ends before a file is made or removed. */
  COORDINATOR_DIES_AT_NAME(1_000),
  /** It ends after an answer was made and before it was sent. */
  COORDINATOR_DIES_BEFORE_ANSWER(2_500),
  /** What was not forced is gone when its process ended: power, not only a kill. */
  POWER_LOST(500_000),
  /** A read or a write fails once. */
  DISK_ERROR(800),
  /** A force fails, and loses what it was to keep. */
  FORCE_FAILS(1_500),
  /** The coordinator's disk is full for some minutes. */
  DISK_FULL(0),
  /** A bit of a spooled update flips at rest. */
  SPOOL_BIT_FLIPS(0),
  /** The coordinator's time of day is set an hour forward or back. */
  CLOCK_STEP(0),
  /** The coordinator's process stands still for a minute. */
  COORDINATOR_STALLS(0),
  /** A site's process ends in training. */
  SITE_DIES_IN_TRAINING(10_000),
  /** A site's process ends at an operation of its disk. */
  SITE_DIES_AT_DISK(1_500),
  /** A site's process ends before it sends. */
  SITE_DIES_BEFORE_SEND(4_000),
  /** A site's process ends after it sent, before it knows. */
  SITE_DIES_AFTER_SEND(4_000),
  /** A site's disk fails once. */
  SITE_DISK_ERROR(800),
  /** A site's force fails. */
  SITE_FORCE_FAILS(800),
  /** A site is gone for good. */
  SITE_GONE(0),
  /** A site trains ten times slower for a while. */
  STRAGGLER(40_000),
  /** A request never arrives. */
  REQUEST_LOST(12_000),
  /** A request is answered, and the answer never arrives. */
  ANSWER_LOST(12_000),
  /** A request arrives twice. */
  REQUEST_TWICE(12_000),
  /** A request arrives much later, after its sender gave up. */
  REQUEST_LATE(8_000),
  /** A message of the coordinator comes twice. */
  MESSAGE_TWICE(12_000),
  /** A message of the coordinator comes after later ones. */
  MESSAGE_LATE(8_000),
  /** A site's stream is cut; what was on its way is lost. */
  STREAM_CUT(8_000),
  /** Some sites and the coordinator cannot reach one another for a while. */
  PARTITION(0),
  /** What some sites send arrives, and nothing comes back. */
  ONE_WAY(0);

  private final int perMillion;

  Fault(int perMillion) {
    this.perMillion = perMillion;
  }

  int perMillion() {
    return perMillion;
  }

  /** The name in reports: lower case, hyphens. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }
}
