package org.consilium.site.session;

import java.time.Duration;
import org.consilium.protocol.Digest;
import org.consilium.protocol.MaskOrder;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.protect.EgressBlocked;

/**
 * Who takes what the coordinator says, after every signature was verified. Called on the session's
 * thread: hand on, do not work.
 */
public interface Orders {
  /** A study is proposed; {@code digest} is that of {@code planBytes}. */
  void proposal(byte[] planBytes, StudyPlan plan, Digest digest);

  /** A task is given; it may have been given before. */
  void task(RoundTask task);

  /** Something of masking is handed on; it may have been before. */
  void mask(MaskOrder order);

  /** The stream is up. */
  void connected();

  /**
   * The stream is gone.
   *
   * @param reason a fixed word, for metrics
   */
  void disconnected(String reason);

  /** Something came from the coordinator. */
  void heard();

  /** A ping came back after this time. */
  void roundTrip(Duration time);

  /** The exit held something that was to be said. */
  void held(EgressBlocked blocked);

  /** A checkpoint of the coordinator's audit log was refused: nothing more is done for it. */
  void distrusted(String detail);

  /** A message was dropped: wrong signature, or no legal content. */
  void dropped(String detail);
}
