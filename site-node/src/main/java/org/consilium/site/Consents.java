package org.consilium.site;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Approval;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.work.Proposal;

/** The hospital's consents and denials, as commands. A node that is serving picks them up. */
final class Consents {
  /** How long an approval waits for the proposal that it is to be bound to. */
  private static final Duration PROPOSAL_WAIT = Duration.ofSeconds(20);

  private static final Duration PROPOSAL_PACE = Duration.ofMillis(250);

  private final StateFolder state;
  private final InstantSource clock;

  Consents(StateFolder state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  /** Every study; a name beside it is a contradiction. */
  Approval.Subject everything(Optional<String> study) {
    if (study.isPresent()) {
      throw new IllegalArgumentException("give either a study or --any, not both");
    }
    return new Approval.Subject.Any();
  }

  /** What a consent is bound to: the digest given, or that of the proposal that was seen here. */
  Approval.Subject subject(Optional<String> study, Optional<String> digest, boolean byName)
      throws IOException, Failure {
    StudyId id =
        new StudyId(
            study.orElseThrow(() -> new IllegalArgumentException("name a study, or give --any")));
    if (byName) {
      return new Approval.Subject.Named(id);
    }
    if (digest.isPresent()) {
      return new Approval.Subject.Exact(id, Digest.parse(digest.get()));
    }
    Proposal seen =
        awaited(id)
            .orElseThrow(
                () ->
                    new Failure(
                        Failure.Kind.CONFLICT,
                        "study %s was not proposed to this node yet".formatted(id),
                        "start the node first, or give --digest; --by-name for pilots"));
    return new Approval.Subject.Exact(id, seen.digest());
  }

  /** The proposal as soon as it is there: it follows the creation of a study by moments. */
  private Optional<Proposal> awaited(StudyId id) throws IOException {
    Instant end = clock.instant().plus(PROPOSAL_WAIT);
    while (true) {
      Optional<Proposal> seen = Proposal.of(state.studies(), id);
      if (seen.isPresent() || !clock.instant().isBefore(end)) {
        return seen;
      }
      LockSupport.parkNanos(PROPOSAL_PACE.toNanos());
    }
  }

  Console.Result record(Approval approval) throws IOException {
    state.create();
    new PolicyFile(state.policy(), clock).record(approval);
    String subject =
        switch (approval.subject()) {
          case Approval.Subject.Exact(StudyId study, Digest digest) ->
              "study %s, digest %s".formatted(study, digest.brief());
          case Approval.Subject.Named(StudyId study) -> "every version of study " + study;
          case Approval.Subject.Any() -> "every study";
        };
    String verb = approval.granted() ? "approved" : "denied";
    return new Console.Result(Map.of("decision", verb, "subject", subject), verb + ": " + subject);
  }

  Console.Result deny(String study) throws IOException {
    Approval.Subject subject = new Approval.Subject.Named(new StudyId(study));
    return record(new Approval(subject, false, 2, 1, Optional.empty()));
  }

  Console.Result studies() throws IOException {
    PolicyFile.Read policy = new PolicyFile(state.policy(), clock).current();
    List<Object> rows = new ArrayList<>();
    StringBuilder text = new StringBuilder("study\tdigest\trounds\tmodel\tsites\tpolicy");
    for (Proposal proposal : Proposal.all(state.studies())) {
      String verdict = verdict(policy.policy(), proposal);
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("study", proposal.plan().study());
      row.put("title", proposal.plan().title());
      row.put("digest", proposal.digest());
      row.put("rounds", proposal.plan().rounds());
      row.put("architecture", proposal.plan().model().architecture());
      row.put("sites", proposal.plan().participation().sites());
      row.put("policy", verdict);
      rows.add(row);
      text.append(
          "\n%s\t%s\t%d\t%s\t%d\t%s"
              .formatted(
                  proposal.plan().study(),
                  proposal.digest().brief(),
                  proposal.plan().rounds(),
                  proposal.plan().model().architecture(),
                  proposal.plan().participation().sites().size(),
                  verdict));
    }
    if (!policy.complaint().isEmpty()) {
      text.append('\n').append(policy.complaint());
    }
    return new Console.Result(
        Map.of("studies", rows, "policyComplaint", policy.complaint()), text.toString());
  }

  /** What the policy alone says; how many examples there are is known only while serving. */
  private String verdict(SitePolicy policy, Proposal proposal) {
    return switch (policy.judge(
        proposal.plan(), proposal.digest(), Integer.MAX_VALUE, clock.instant())) {
      case Judgement.Allowed() -> "approved";
      case Judgement.Refused(var why, _) -> why.words();
    };
  }
}
