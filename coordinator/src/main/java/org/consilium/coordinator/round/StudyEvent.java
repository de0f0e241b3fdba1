package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;

/**
 * Something that happened in a study. The journal holds these; every state is rebuilt from them.
 */
public sealed interface StudyEvent {
  /** When it happened. */
  Instant at();

  /**
   * A model version and the length of its file.
   *
   * @param version SHA-256 of the file
   * @param fileBytes length of the file
   */
  record Model(ModelVersion version, long fileBytes) {}

  /**
   * A site on a roster.
   *
   * @param site who
   * @param signingKey SHA-256 of its signing key's SubjectPublicKeyInfo
   * @param samples training examples it declared
   * @param weight integer weight that the aggregation rule gave it; 0: the plan's weighting decides
   */
  record Member(SiteId site, Digest signingKey, int samples, int weight) {}

  /**
   * A study was created.
   *
   * @param plan settings
   * @param planBytes the plan as first encoded
   * @param initial starting parameters
   * @param aggregationChain DER certificates that vouch for the aggregation key, leaf first
   */
  record Created(
      Instant at, StudyPlan plan, byte[] planBytes, Model initial, List<byte[]> aggregationChain)
      implements StudyEvent {
    public Created {
      planBytes = planBytes.clone();
      aggregationChain = aggregationChain.stream().map(byte[]::clone).toList();
    }

    @Override
    public byte[] planBytes() {
      return planBytes.clone();
    }

    @Override
    public List<byte[]> aggregationChain() {
      return aggregationChain.stream().map(byte[]::clone).toList();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Created c
          && at.equals(c.at)
          && plan.equals(c.plan)
          && initial.equals(c.initial);
    }

    @Override
    public int hashCode() {
      return plan.hashCode();
    }
  }

  /**
   * A hospital answered the study's proposal.
   *
   * @param refusal why it refused, empty otherwise
   * @param samples training examples it would use, 0 when it refused
   */
  record Decided(Instant at, SiteId site, boolean accepted, String refusal, int samples)
      implements StudyEvent {}

  /** An administrator started the study. */
  record Started(Instant at) implements StudyEvent {}

  /** No further round is opened; one in progress is finished. */
  record Paused(Instant at, String detail) implements StudyEvent {}

  /** Rounds are opened again. */
  record Resumed(Instant at) implements StudyEvent {}

  /**
   * The study is over.
   *
   * @param completed whether everything planned was done
   * @param detail why not, else empty
   */
  record Ended(Instant at, boolean completed, String detail) implements StudyEvent {}

  /** A round was opened, with all that an update is bound to. */
  record RoundOpened(Opening opening) implements StudyEvent {
    @Override
    public Instant at() {
      return opening.opened();
    }
  }

  /**
   * A monitoring window was opened.
   *
   * @param window counted from 1
   * @param model the version to watch
   * @param sites who is asked, sorted
   * @param deadline when late reports stop counting
   */
  record WindowOpened(Instant at, int window, Model model, List<SiteId> sites, Instant deadline)
      implements StudyEvent {
    public WindowOpened {
      sites = List.copyOf(sites);
    }
  }

  /**
   * An update came when its round was over. It counts in no sum; its site may carry the delta into
   * a later round if the plan lets it.
   *
   * @param place the round that it is for
   * @param upload SHA-256 of its manifest
   */
  record UpdateLate(Instant at, RoundEvent.Place place, SiteId site, Digest upload)
      implements StudyEvent {}

  /** Something that happened inside a round or a monitoring window. */
  record InRound(RoundEvent event) implements StudyEvent {
    @Override
    public Instant at() {
      return event.at();
    }
  }
}
