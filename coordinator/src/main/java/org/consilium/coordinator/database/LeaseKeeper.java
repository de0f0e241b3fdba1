package org.consilium.coordinator.database;

import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Renews a lease a few times in its life, and says so when it is over. One thread asks the
 * database, another watches the clock: a call that hangs does not keep the second from noticing.
 */
public final class LeaseKeeper implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LeaseKeeper.class.getName());
  private static final int RENEWALS = 5;
  private static final long LOOK_MILLIS = 100;

  private final LeaderLease lease;
  private final Consumer<LeaseLost> over;
  private final AtomicBoolean told = new AtomicBoolean();
  private final ScheduledExecutorService threads =
      Executors.newScheduledThreadPool(2, Thread.ofPlatform().daemon().name("lease").factory());

  private LeaseKeeper(LeaderLease lease, Consumer<LeaseLost> over) {
    this.lease = lease;
    this.over = over;
  }

  /**
   * Starts renewing.
   *
   * @param over told once, when the lease is lost
   */
  public static LeaseKeeper start(LeaderLease lease, Consumer<LeaseLost> over) {
    LeaseKeeper keeper = new LeaseKeeper(lease, over);
    long every = Math.max(1, lease.life().toMillis() / RENEWALS);
    var _ =
        keeper.threads.scheduleWithFixedDelay(keeper::renew, every, every, TimeUnit.MILLISECONDS);
    var _ =
        keeper.threads.scheduleWithFixedDelay(
            keeper::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    return keeper;
  }

  private void renew() {
    try {
      lease.renew();
    } catch (LeaseLost lost) {
      tell(lost);
    } catch (SQLException | RuntimeException away) { // whatever it was, the timer must go on
      LOG.log(System.Logger.Level.WARNING, "the lease is not renewed yet: {0}", away.getMessage());
    }
  }

  private void look() {
    if (!lease.held()) {
      tell(
          new LeaseLost(
              "the lease %d ended: the database was not reached for %d s"
                  .formatted(lease.token(), lease.life().toSeconds())));
    }
  }

  private void tell(LeaseLost lost) {
    if (told.compareAndSet(false, true)) {
      over.accept(lost);
    }
  }

  /** Ends the renewals and gives the lease back. */
  @Override
  public void close() {
    told.set(true);
    threads.shutdownNow();
    try {
      boolean _ = threads.awaitTermination(2, TimeUnit.SECONDS); // a renewal would outlive the end
      lease.release();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (SQLException | RuntimeException away) { // it ends by itself
      LOG.log(System.Logger.Level.DEBUG, "give the lease back", away);
    }
  }
}
