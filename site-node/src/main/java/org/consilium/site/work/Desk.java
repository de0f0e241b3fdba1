package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.PolicyFile;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.policy.Usage;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.session.Answer;
import org.consilium.site.session.Halt;
import org.consilium.site.session.Orders;

/**
 * Takes orders off the session's thread, asks the policy, answers proposals, and gives allowed
 * tasks to the bench. What people change in the policy is picked up within seconds and answered
 * anew.
 */
public final class Desk implements Orders {
  /** Orders that wait; a coordinator that sends more is answered at the next reconnection. */
  private static final int WAITING_MAX = 256;

  /** Studies held at a time; a consortium runs a few, a flood would fill disk and screen. */
  static final int PROPOSALS_MAX = 64;

  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

  private final Tools tools;
  private final BlockingQueue<Runnable> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
  private final Map<StudyId, Proposal> known = new LinkedHashMap<>();
  private final Map<StudyId, Answer.Decision> told = new HashMap<>();
  private final HeldTasks held = new HeldTasks(PROPOSALS_MAX);
  private final HoursWatch hours = new HoursWatch();
  private final List<MaskOrder> orders = new ArrayList<>();
  private String complaint = "";
  private final DistrustWatch distrust = new DistrustWatch();

  public Desk(Tools tools) {
    this.tools = tools;
  }

  /** Works until {@code halt} is set; the task in work is stopped and can go on later. */
  public void run(Voice voice, Halt halt) {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("deadlines").factory());
    Bench bench = new Bench(tools, timer, h -> post(() -> held.again(h, tools.clock().instant())));
    halt.onHalt(bench::close);
    Thread worker = Thread.ofPlatform().name("bench").start(bench::run);
    Thread masker = Thread.ofPlatform().name("masking").start(() -> tools.masking().run(halt));
    Handler handler = new Handler(voice, bench);
    try {
      while (!halt.halted()) {
        Runnable next = waiting.poll(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        if (next != null) {
          next.run();
        }
        handler.look();
      }
      worker.join();
      masker.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      bench.close();
      timer.shutdownNow();
    }
  }

  @Override
  public void proposal(byte[] planBytes, StudyPlan plan, Digest digest) {
    post(() -> received(planBytes, new Proposal(plan, digest)));
  }

  @Override
  public void task(RoundTask task) {
    post(
        () -> {
          if (!held.put(task, tools.clock().instant())) {
            tools.log().accept(TaskKey.of(task) + " was dropped: too many tasks wait");
          }
        });
  }

  @Override
  public void mask(MaskOrder order) {
    post(
        () -> {
          if (orders.size() < WAITING_MAX) {
            orders.add(order);
          } else {
            tools.log().accept("an order of masking was dropped: too many wait");
          }
        });
  }

  @Override
  public void connected() {
    tools.metrics().connected(true);
    tools.log().accept("connected");
  }

  @Override
  public void disconnected(String reason) {
    tools.metrics().connected(false);
    tools.metrics().reconnect(reason);
    String words =
        switch (reason) {
          case "unavailable" ->
              "no answer (is the coordinator running, and its name and port open here?); trying"
                  + " again";
          case "cancelled" -> "the session was ended here";
          default -> reason;
        };
    tools.log().accept("not connected: " + words);
  }

  @Override
  public void heard() {
    tools.metrics().heard(tools.clock().instant());
  }

  @Override
  public void roundTrip(Duration time) {
    tools.metrics().roundTrip(time);
  }

  @Override
  public void held(EgressBlocked blocked) {
    tools.log().accept("held at the exit: " + blocked.getMessage());
  }

  @Override
  public void distrusted(String detail) {
    tools.metrics().blocked(Why.AUDIT_REFUSED.name());
    tools.log().accept(detail);
    post(() -> {}); // the desk looks at once
  }

  @Override
  public void dropped(String detail) {
    tools.metrics().blocked(Why.BAD_SIGNATURE.name());
    tools.log().accept("dropped: " + detail);
  }

  private void post(Runnable order) {
    if (!waiting.offer(order)) {
      tools.log().accept("an order was dropped: %d wait already".formatted(WAITING_MAX));
    }
  }

  private void received(byte[] planBytes, Proposal proposal) {
    StudyId study = proposal.plan().study();
    if (!known.containsKey(study) && known.size() >= PROPOSALS_MAX && !makeRoom()) {
      tools
          .log()
          .accept(
              "proposal of %s was dropped: %d studies are held".formatted(study, PROPOSALS_MAX));
      return;
    }
    try {
      Proposal.keep(tools.place().folder(study), planBytes);
    } catch (IOException full) {
      tools.log().accept("keep proposal of %s: %s".formatted(study, full.getMessage()));
    }
    known.put(study, proposal);
    told.remove(study);
  }

  /** Forgets the oldest study that nobody decided on; false if there is none. */
  private boolean makeRoom() {
    Optional<StudyId> oldest =
        known.keySet().stream()
            .filter(
                study ->
                    Optional.ofNullable(told.get(study))
                        .flatMap(Answer.Decision::refusal)
                        .equals(Optional.of(Why.NOT_APPROVED)))
            .findFirst();
    oldest.ifPresent(
        study -> {
          known.remove(study);
          told.remove(study);
          try {
            Proposal.forget(tools.place().folder(study));
          } catch (IOException disk) {
            tools.log().accept("forget proposal of %s: %s".formatted(study, disk.getMessage()));
          }
          tools
              .log()
              .accept(
                  "proposal of %s was forgotten: %d wait, and a newer one came"
                      .formatted(study, PROPOSALS_MAX));
        });
    return oldest.isPresent();
  }

  /** What the desk's own thread does with orders. */
  private final class Handler {
    private final Voice voice;
    private final Bench bench;

    Handler(Voice voice, Bench bench) {
      this.voice = voice;
      this.bench = bench;
    }

    void look() {
      PolicyFile.Read read = tools.policy().current();
      if (!read.complaint().equals(complaint)) {
        complaint = read.complaint();
        tools.log().accept(complaint.isEmpty() ? "policy file is readable again" : complaint);
      }
      if (distrust.begins(tools)) {
        bench.stopWork();
      }
      int pending = 0;
      for (Proposal proposal : known.values()) {
        pending += decide(proposal, read.policy()) ? 0 : 1;
      }
      tools.metrics().approvalsPending(pending);
      boolean paused = Files.exists(tools.place().paused());
      tools.metrics().paused(paused);
      if (!paused) {
        held.take().stream()
            .filter(h -> !bench.repeats(h.task())) // whose hours end meanwhile is its own matter
            .forEach(h -> start(h, read.policy()));
        for (MaskOrder order : orders) {
          mask(order, read.policy());
        }
        orders.clear();
      }
    }

    /** Answers a proposal if the answer has changed; false while nobody has approved it. */
    private boolean decide(Proposal proposal, SitePolicy policy) {
      StudyPlan plan = proposal.plan();
      int declared = 0;
      Judgement judgement;
      try {
        declared = tools.declared(plan, proposal.digest());
        Optional<Judgement.Refused> refused = tools.distrust();
        judgement =
            refused.isPresent()
                ? refused.get()
                : policy.judge(plan, proposal.digest(), declared, tools.clock().instant());
      } catch (IOException unreadable) {
        judgement = new Judgement.Refused(Why.INTERNAL, String.valueOf(unreadable.getMessage()));
      }
      if (judgement instanceof Judgement.Allowed) {
        judgement = new Fit(tools).of(plan);
      }
      Optional<Why> why =
          judgement instanceof Judgement.Refused(Why reason, _)
              ? Optional.of(reason)
              : Optional.empty();
      int samples = why.isPresent() ? 0 : declared;
      var decision = new Answer.Decision(plan.study(), proposal.digest(), why, samples);
      if (!decision.equals(told.get(plan.study()))) {
        told.put(plan.study(), decision);
        tools.metrics().decision(why.isEmpty());
        tools
            .log()
            .accept(
                "study %s (digest %s): %s"
                    .formatted(
                        plan.study(),
                        proposal.digest().brief(),
                        judgement instanceof Judgement.Refused(Why reason, String detail)
                            ? reason.words() + " (" + detail + ")"
                            : "accepted with %d examples".formatted(samples)));
        say(decision);
      }
      if (why.isEmpty()) {
        hours.look(tools, proposal, policy, bench).ifPresent(this::say);
      }
      return !why.equals(Optional.of(Why.NOT_APPROVED));
    }

    private void start(HeldTasks.Held waiting, SitePolicy policy) {
      RoundTask task = waiting.task();
      Optional<Proposal> proposal = proposalOf(task);
      if (proposal.isEmpty()) {
        tools.log().accept(TaskKey.of(task) + " refused: its study was not proposed");
        refused(task, Why.NOT_APPROVED);
        return;
      }
      StudyPlan plan = proposal.get().plan();
      if (known.size() < PROPOSALS_MAX) {
        known.putIfAbsent(plan.study(), proposal.get()); // from before a restart: watched again
      }
      hours.look(tools, proposal.get(), policy, bench).ifPresent(this::say);
      Usage today;
      int samples;
      try {
        samples = tools.declared(plan, task.studyDigest());
        Diary.Count others =
            new Diary(tools.place().folder(task.study()))
                .otherStarts(task, tools.clock().instant());
        today = new Usage(others.today(), others.round(), tools.ledger().updateBytesToday());
      } catch (IOException unreadable) {
        tools.log().accept("%s refused: %s".formatted(TaskKey.of(task), unreadable.getMessage()));
        refused(task, Why.INTERNAL);
        return;
      }
      TaskWork work = new TaskWork(tools, voice, task, plan, policy.minSites());
      Optional<Judgement.Refused> refused = tools.distrust();
      Judgement judgement =
          refused.isPresent()
              ? refused.get()
              : policy.judge(task, plan, samples, today, tools.clock().instant());
      switch (judgement) {
        case Judgement.Refused(Why why, String detail) when why == Why.OUTSIDE_HOURS ->
            held.keep(waiting, detail, tools);
        case Judgement.Refused(Why why, String detail) -> {
          tools
              .log()
              .accept("%s refused: %s (%s)".formatted(TaskKey.of(task), why.words(), detail));
          tools.metrics().blocked(why.name());
          refused(task, why);
        }
        case Judgement.Allowed() -> {
          work.announce();
          if (bench.give(waiting, work)) {
            tools.log().accept(TaskKey.of(task) + " begins");
          }
        }
      }
    }

    /** Masking goes on only while the hospital still wants the study. */
    private void mask(MaskOrder order, SitePolicy policy) {
      StudyId study = order.place().round().study();
      Optional<Proposal> proposal = proposalOf(study);
      boolean wanted =
          proposal.isPresent()
              && tools.distrust().isEmpty()
              && policy.judge(
                      proposal.get().plan(),
                      proposal.get().digest(),
                      tools.cohort().trainingCount(),
                      tools.clock().instant())
                  instanceof Judgement.Allowed;
      if (wanted) {
        tools.masking().order(order);
      } else {
        tools.log().accept("masking of study %s: not wanted here any more".formatted(study));
      }
    }

    private Optional<Proposal> proposalOf(RoundTask task) {
      return proposalOf(task.study()).filter(p -> p.digest().equals(task.studyDigest()));
    }

    private Optional<Proposal> proposalOf(StudyId study) {
      Optional<Proposal> proposal = Optional.ofNullable(known.get(study));
      if (proposal.isEmpty()) {
        try {
          proposal = Proposal.of(tools.place().studies(), study);
        } catch (IOException unreadable) {
          tools.log().accept("read proposal: " + unreadable.getMessage());
        }
      }
      return proposal;
    }

    private void refused(RoundTask task, Why why) {
      say(
          new Answer.Progress(
              task.study(), task.round(), task.window(), Answer.Phase.REFUSED, Optional.of(why)));
    }

    private void say(Answer answer) {
      try {
        voice.say(answer);
      } catch (IOException ledger) {
        tools.log().accept("not said: " + ledger.getMessage());
      }
    }
  }
}
