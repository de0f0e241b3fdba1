package org.consilium.site;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Approval;
import org.consilium.site.policy.PlanTerms;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.work.Proposal;

/** The hospital's consents and denials, as commands. A node that is serving picks them up. */
final class Consents {
  /** How long an approval waits for the proposal that it is to be bound to. */
  private static final Duration PROPOSAL_WAIT = Duration.ofSeconds(20);

  private static final Duration PROPOSAL_PACE = Duration.ofMillis(250);

  /** Words of the digest that a person types. */
  private static final int WORDS_MIN = 2;

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

  /**
   * How a person says which terms are meant.
   *
   * @param digest all of it
   * @param words its first words
   * @param byName whatever bears the name
   */
  record Seal(Optional<String> digest, Optional<String> words, boolean byName) {}

  /**
   * What a consent is bound to. A person at a terminal is shown the terms and types two words of
   * their digest; a script names the digest or its words.
   */
  Approval.Subject subject(Optional<String> study, Seal seal, Console console)
      throws IOException, Failure {
    StudyId id =
        new StudyId(
            study.orElseThrow(() -> new IllegalArgumentException("name a study, or give --any")));
    if (seal.byName()) {
      return new Approval.Subject.Named(id);
    }
    if (seal.digest().isPresent()) {
      return new Approval.Subject.Exact(id, Digest.parse(seal.digest().get()));
    }
    Proposal seen = proposal(awaited(id), id);
    StudyTerms terms = terms(seen);
    Optional<String> typed = seal.words();
    if (typed.isEmpty()) {
      console.err().println(terms.text());
      typed = console.ask("to approve, type the first two words of the digest: ");
    }
    List<String> words = terms.words();
    List<String> given =
        List.of(typed.orElse("").strip().toLowerCase(java.util.Locale.ROOT).split("\\s+", -1));
    if (given.size() < WORDS_MIN
        || given.size() > words.size()
        || !given.equals(words.subList(0, given.size()))) {
      throw new Failure(
          Failure.Kind.USAGE,
          typed.isEmpty()
              ? "say which terms of %s you approve".formatted(id)
              : "those are not the first words of the digest of " + id,
          "read them: consilium node study show %s; then --words \"two words\" or --digest"
              .formatted(id));
    }
    return new Approval.Subject.Exact(id, seen.digest());
  }

  private static Proposal proposal(Optional<Proposal> seen, StudyId id) throws Failure {
    return seen.orElseThrow(
        () ->
            new Failure(
                Failure.Kind.CONFLICT,
                "study %s was not proposed to this node yet".formatted(id),
                "start the node first, or give --digest; --by-name for pilots"));
  }

  private StudyTerms terms(Proposal proposal) {
    return new StudyTerms(
        proposal, new PolicyFile(state.policy(), clock).current().policy(), clock.instant());
  }

  /** The terms of one study. */
  Console.Result show(String study, boolean dryRun) throws IOException, Failure {
    StudyId id = new StudyId(study);
    StudyTerms terms = terms(proposal(awaited(id), id));
    Map<String, Object> data = terms.data();
    StringBuilder text = new StringBuilder(terms.text());
    if (dryRun) {
      data.put("wouldLeave", terms.wouldLeave());
      text.append("\n\nwhat would leave; nothing does until you approve\n")
          .append("kind\tabout bytes\ttimes\twho can read it\twhat");
      for (Map<String, Object> row : terms.wouldLeave()) {
        text.append("\n%s\t%s\t%s\t%s\t%s".formatted(row.values().toArray()));
      }
    }
    return new Console.Result(data, text.toString());
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

  /** Records a consent, unless the policy of now would refuse what it is bound to. */
  Console.Result approve(Approval approval) throws IOException, Failure {
    state.create();
    if (approval.subject() instanceof Approval.Subject.Exact(StudyId study, Digest digest)) {
      Optional<Proposal> seen =
          Proposal.of(state.studies(), study).filter(p -> p.digest().equals(digest));
      PolicyFile.Read read = new PolicyFile(state.policy(), clock).current();
      Optional<String> objection =
          read.complaint().isEmpty() && seen.isPresent()
              ? terms(seen.get()).objection()
              : Optional.of(read.complaint()).filter(c -> !c.isEmpty());
      if (objection.isPresent()) {
        throw new Failure(
            Failure.Kind.REFUSED_BY_POLICY,
            "not approved: " + objection.get(),
            "whoever owns %s decides whether it may say otherwise".formatted(state.policy()));
      }
    }
    return record(approval, Optional.empty());
  }

  private Console.Result record(Approval approval, Optional<String> reason) throws IOException {
    state.create();
    new PolicyFile(state.policy(), clock).record(approval.because(reason));
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

  Console.Result deny(String study, Optional<String> reason) throws IOException {
    Approval.Subject subject = new Approval.Subject.Named(new StudyId(study));
    return record(new Approval(subject, false, 2, 1, Optional.empty()), reason);
  }

  Console.Result studies() throws IOException {
    PolicyFile.Read policy = new PolicyFile(state.policy(), clock).current();
    List<Object> rows = new ArrayList<>();
    StringBuilder text = new StringBuilder("study\tdigest\twords\tsites\tmode\tstands");
    for (Proposal proposal : Proposal.all(state.studies())) {
      StudyTerms terms = new StudyTerms(proposal, policy.policy(), clock.instant());
      rows.add(terms.data());
      text.append(
          "\n%s\t%s\t%s\t%d\t%s\t%s"
              .formatted(
                  proposal.plan().study(),
                  proposal.digest().brief(),
                  String.join(" ", terms.words().subList(0, WORDS_MIN)),
                  proposal.plan().participation().sites().size(),
                  PlanTerms.mode(proposal.plan()),
                  terms.verdict()));
    }
    if (!policy.complaint().isEmpty()) {
      text.append('\n').append(policy.complaint());
    }
    return new Console.Result(
        Map.of("studies", rows, "policyComplaint", policy.complaint()), text.toString());
  }
}
