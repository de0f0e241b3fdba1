package org.consilium.protocol.wire;

import java.util.Optional;
import org.consilium.proto.v1.Protection;
import org.consilium.protocol.Limits;
import org.consilium.protocol.Robust;

/** The robust rule of a plan; one that is not there is none, as in plans from before there was. */
final class RobustCodec {
  private RobustCodec() {}

  static Optional<org.consilium.proto.v1.Robust> encode(Robust robust) {
    if (robust instanceof Robust.None) {
      return Optional.empty();
    }
    var message =
        org.consilium.proto.v1.Robust.newBuilder()
            .setRule(robust.word())
            .setFaulty(robust.faulty());
    switch (robust) {
      case Robust.NormClip(double times, _) -> message.setTimes(times);
      case Robust.TrimmedMean(double fraction, _) -> message.setFraction(fraction);
      case Robust.MultiKrum(_, int kept) -> message.setKept(kept);
      case Robust.None _, Robust.Median _, Robust.Krum _, Robust.GeometricMedian _ -> {}
    }
    return Optional.of(message.build());
  }

  static Robust decode(Protection p) {
    if (!p.hasRobust()) {
      return Robust.none();
    }
    var m = p.getRobust();
    Robust robust =
        switch (m.getRule()) {
          case "norm-clip" -> new Robust.NormClip(m.getTimes(), m.getFaulty());
          case "median" -> new Robust.Median(m.getFaulty());
          case "trimmed-mean" -> new Robust.TrimmedMean(m.getFraction(), m.getFaulty());
          case "krum" -> new Robust.Krum(m.getFaulty());
          case "multi-krum" -> new Robust.MultiKrum(m.getFaulty(), m.getKept());
          case "geometric-median" -> new Robust.GeometricMedian(m.getFaulty());
          default ->
              throw new IllegalArgumentException(
                  "robust rule is not known: " + Limits.printable(m.getRule()));
        };
    // A number that the rule does not take would be approved by sites and then ignored.
    if (encode(robust).filter(m::equals).isEmpty()) {
      throw new IllegalArgumentException(
          "robust rule %s has a number that it does not take".formatted(robust.word()));
    }
    return robust;
  }

  /** Under masks nobody sees a single delta, so that no rule could look at one. */
  static void requireNone(Protection p) {
    if (p.hasRobust()) {
      throw new IllegalArgumentException(
          "robust rule %s needs mode SEALED: under masks the coordinator sees the sum alone"
              .formatted(Limits.printable(p.getRobust().getRule())));
    }
  }
}
