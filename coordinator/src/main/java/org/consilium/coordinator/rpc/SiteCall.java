package org.consilium.coordinator.rpc;

import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.function.Consumer;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;

/**
 * A call that can be ended from outside its service. After that the service's messages go nowhere,
 * and it is told that the call was cancelled.
 */
final class SiteCall<Q, A> extends ForwardingServerCall.SimpleForwardingServerCall<Q, A> {
  private final SiteId site;
  private final X509Certificate leaf;
  private final Consumer<SiteCall<?, ?>> ended;
  private final Optional<ArrivedBytes> arrived;
  private long arrivedAtRenewal;
  private boolean objected;
  private int awaited;
  private boolean inputEnded;
  private int looksForBytes;
  private int looksForReader;
  private boolean closed;
  private volatile boolean cut;
  private volatile Runnable cancelService = () -> {};

  SiteCall(
      ServerCall<Q, A> call, SiteId site, X509Certificate leaf, Consumer<SiteCall<?, ?>> ended) {
    super(call);
    this.arrived = ArrivedBytes.ofCall();
    this.site = site;
    this.leaf = leaf;
    this.ended = ended;
  }

  SiteId site() {
    return site;
  }

  X509Certificate leaf() {
    return leaf;
  }

  /** Ends the call with this status when it is said the second time. */
  synchronized void object(Status status) {
    if (objected) {
      var _ = cut(status);
    }
    objected = true;
  }

  /** Whether its status has not been said yet. */
  synchronized boolean goesOn() {
    return !closed;
  }

  /**
   * Ends the call if it goes on. A peer that reads nothing of a download does not read the end
   * either: the service is told at once.
   */
  void end(Status status) {
    if (cut(status) && isDownload()) {
      cancelService.run();
    }
  }

  /**
   * Ends the call if this is the {@code looksMax}th look in a row at which the same message is
   * awaited and less than {@link Limits#LEASE_BYTES} of it have come. An upload's next chunk is
   * awaited from when the service asks for it, any other message from its first byte.
   */
  synchronized void lookForBytes(int looksMax, Status status) {
    long now = arrived.map(ArrivedBytes::soFar).orElse(0L);
    if (!awaitsBytes() || now - arrivedAtRenewal >= Limits.LEASE_BYTES) {
      arrivedAtRenewal = now;
      looksForBytes = 0;
    } else {
      looksForBytes++;
      if (looksForBytes >= looksMax) {
        var _ = cut(status);
      }
    }
  }

  /**
   * Ends a download if this is the {@code looksMax}th look in a row since the site took a chunk.
   */
  void lookForReader(int looksMax, Status status) {
    if (isDownload() && unread(looksMax, status)) {
      cancelService.run();
    }
  }

  private synchronized boolean unread(int looksMax, Status status) {
    looksForReader++;
    return looksForReader >= looksMax && cut(status);
  }

  private boolean isDownload() {
    return getMethodDescriptor().getType() == MethodDescriptor.MethodType.SERVER_STREAMING;
  }

  private boolean awaitsBytes() {
    if (inputEnded) {
      return false;
    }
    return getMethodDescriptor().getType() == MethodDescriptor.MethodType.CLIENT_STREAMING
        ? awaited > 0
        : arrived.map(ArrivedBytes::midMessage).orElse(false);
  }

  private synchronized boolean cut(Status status) {
    if (closed) {
      return false;
    }
    cut = true;
    closed = true;
    delegate().close(status, new Metadata());
    return true;
  }

  private synchronized void heard() {
    awaited = Math.max(0, awaited - 1);
    arrivedAtRenewal = arrived.map(ArrivedBytes::soFar).orElse(0L);
    looksForBytes = 0;
    looksForReader = 0;
  }

  private synchronized void inputEnded() {
    inputEnded = true;
  }

  @Override
  public void request(int messages) {
    synchronized (this) {
      awaited = (int) Math.min(Integer.MAX_VALUE, (long) awaited + messages);
    }
    super.request(messages);
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!closed) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(A message) {
    if (!closed) {
      looksForReader = 0;
      super.sendMessage(message);
    }
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (!closed) {
      closed = true;
      super.close(status, trailers);
    }
  }

  /** The service's listener, told of a cut as of a cancellation. */
  ServerCall.Listener<Q> listening(ServerCall.Listener<Q> service) {
    cancelService = service::onCancel;
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(service) {
      @Override
      public void onMessage(Q message) {
        heard();
        if (!cut) {
          super.onMessage(message);
        }
      }

      @Override
      public void onHalfClose() {
        inputEnded();
        if (!cut) {
          super.onHalfClose();
        }
      }

      @Override
      public void onCancel() {
        ended.accept(SiteCall.this);
        super.onCancel();
      }

      @Override
      public void onComplete() {
        ended.accept(SiteCall.this);
        if (cut) {
          super.onCancel();
        } else {
          super.onComplete();
        }
      }
    };
  }
}
