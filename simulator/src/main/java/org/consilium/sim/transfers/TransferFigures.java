package org.consilium.sim.transfers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.consilium.protocol.Limits;

/**
 * What crossed the lines.
 *
 * @param versions the model of each round over bad lines
 * @param undisturbed the same over good lines, with nothing killed
 * @param crossed one for each round and site, in that order
 * @param left one for each site, in order: over good lines, then over bad ones
 * @param seconds of the rounds over bad lines, from the first opening to the end
 * @param kills what was killed and when
 */
public record TransferFigures(
    TransferPlan plan,
    List<String> versions,
    List<String> undisturbed,
    List<Crossed> crossed,
    List<Left> left,
    double seconds,
    List<String> kills) {
  /** Frames, handshakes, sessions, and the certificates of each. */
  private static final double FRAMES = 0.02;

  private static final long CALLS_BYTES = 256 << 10;

  /** A handshake, and what the node asks when it comes back. */
  private static final long DIAL_BYTES = 64 << 10;

  /** Headers of TLS records, HTTP/2 frames and messages, by what they carry. */
  private static final double RECORDS = 0.004;

  /** Pings, acknowledgements and headers of calls, a round. */
  private static final long SESSION_BYTES = 64 << 10;

  /** What is in the ledger and went through another door, when the site joined. */
  private static final long JOIN_BYTES = 32 << 10;

  /** What is on its way when a line is cut: the call's window, and the buffers of three sockets. */
  private static final long ON_ITS_WAY_BYTES = 2 << 20;

  public TransferFigures {
    versions = List.copyOf(versions);
    undisturbed = List.copyOf(undisturbed);
    crossed = List.copyOf(crossed);
    left = List.copyOf(left);
    kills = List.copyOf(kills);
  }

  /**
   * What crossed one site's line in one round, from its opening to the next one's.
   *
   * @param cuts of the line, and kills of either end
   */
  public record Crossed(int round, String site, long bitsPerSecond, long up, long down, int cuts) {}

  /**
   * What left one site in the whole study.
   *
   * @param captured bytes that arrived at the other end of its line
   * @param entered bytes in its egress ledger
   * @param cuts of the line, and kills of either end
   */
  public record Left(String site, long captured, long entered, int cuts) {}

  /** Everything that was not as it should be; empty if all was. */
  public List<String> shortfalls() {
    List<String> wrong = new ArrayList<>();
    if (versions.size() != plan.rounds() || !versions.equals(undisturbed)) {
      wrong.add("models %s, without faults %s".formatted(versions, undisturbed));
    }
    for (Crossed one : crossed) {
      check(wrong, one, "up", one.up(), plan.sealedBytes());
      // The model that the study starts from, and the one that the round makes.
      check(wrong, one, "down", one.down(), plan.modelBytes() * (one.round() == 1 ? 2 : 1));
    }
    left.forEach(one -> check(wrong, one));
    return wrong;
  }

  /** I8: nothing leaves that the ledger does not name, and it names nothing that did not. */
  private void check(List<String> wrong, Left one) {
    long most =
        one.entered()
            + (long) (one.entered() * RECORDS)
            + plan.rounds() * SESSION_BYTES
            + (1 + one.cuts()) * DIAL_BYTES;
    long least = one.entered() - JOIN_BYTES - one.cuts() * ON_ITS_WAY_BYTES;
    if (one.captured() > most || one.captured() < least) {
      wrong.add(
          "%s: %,d bytes left, its ledger has %,d; with %d cuts %,d to %,d may leave"
              .formatted(one.site(), one.captured(), one.entered(), one.cuts(), least, most));
    }
  }

  private static void check(List<String> wrong, Crossed one, String way, long found, long once) {
    long most =
        once
            + (long) (once * FRAMES)
            + CALLS_BYTES
            + one.cuts() * (Limits.CHUNK_SEALED_BYTES + DIAL_BYTES);
    // What crosses before a round is seen to have begun is not in it, but half of it certainly is.
    if (found > most || found < once / 2) {
      wrong.add(
          "round %d, %s: %,d bytes %s, about %,d and with %d cuts at most %,d"
              .formatted(one.round(), one.site(), found, way, once, one.cuts(), most));
    }
  }

  /** For people. */
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%d sites, %,d parameters: %,d bytes an update, %,d bytes a model; lines %d times wider%n"
            .formatted(
                plan.sites(),
                plan.parameters(),
                plan.sealedBytes(),
                plan.modelBytes(),
                plan.speedUp()));
    text.append("round  site      Mbit/s  cuts         up  again        down  again%n".formatted());
    long once = 0;
    long again = 0;
    for (Crossed one : crossed) {
      long model = plan.modelBytes() * (one.round() == 1 ? 2 : 1);
      text.append(
          String.format(
              Locale.ROOT,
              "%5d  %-8s %7.1f %5d %10d %5.2f%% %11d %5.2f%%%n",
              one.round(),
              one.site(),
              one.bitsPerSecond() / 1e6 / plan.speedUp(),
              one.cuts(),
              one.up(),
              100.0 * (one.up() - plan.sealedBytes()) / plan.sealedBytes(),
              one.down(),
              100.0 * (one.down() - model) / model));
      once += plan.sealedBytes() + model;
      again += one.up() - plan.sealedBytes() + one.down() - model;
    }
    int cuts = crossed.stream().mapToInt(Crossed::cuts).sum();
    text.append(
        String.format(
            Locale.ROOT,
            "%d cuts; %.2f %% more than once crossed the lines, frames and handshakes included;"
                + " %.0f kB a cut%n",
            cuts,
            100.0 * again / once,
            again / 1e3 / Math.max(1, cuts)));
    for (Left one : left) {
      text.append(
          "%s: %,d bytes left, %,d in its ledger%n"
              .formatted(one.site(), one.captured(), one.entered()));
    }
    kills.forEach(kill -> text.append(kill).append('\n'));
    text.append(
        String.format(
            Locale.ROOT,
            "%d rounds in %.0f s; last model %s, %s without faults%n",
            versions.size(),
            seconds,
            versions.isEmpty() ? "none" : versions.getLast(),
            versions.equals(undisturbed) ? "the same as" : "another than"));
    shortfalls().forEach(wrong -> text.append("NOT AS IT SHOULD BE: ").append(wrong).append('\n'));
    return text.toString();
  }
}
