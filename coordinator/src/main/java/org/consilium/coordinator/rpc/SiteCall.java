package org.consilium.coordinator.rpc;

import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.util.function.Consumer;
import org.consilium.protocol.SiteId;

/**
 * A call that can be ended from outside its service. After that the service's messages go nowhere,
 * and it is told that the call was cancelled.
 */
final class SiteCall<Q, A> extends ForwardingServerCall.SimpleForwardingServerCall<Q, A> {
  private final SiteId site;
  private final X509Certificate leaf;
  private final Consumer<SiteCall<?, ?>> ended;
  private boolean objected;
  private int awaited;
  private boolean inputEnded;
  private int looksSinceMessage;
  private boolean closed;
  private volatile boolean cut;

  SiteCall(
      ServerCall<Q, A> call, SiteId site, X509Certificate leaf, Consumer<SiteCall<?, ?>> ended) {
    super(call);
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
      cut(status);
    }
    objected = true;
  }

  /**
   * Ends the call with this status if it carries a stream of chunks and this is the {@code
   * looksMax}th look in a row at which the service waits for the same one.
   */
  synchronized void lookForChunk(int looksMax, Status status) {
    if (getMethodDescriptor().getType() != MethodDescriptor.MethodType.CLIENT_STREAMING
        || awaited == 0
        || inputEnded) {
      looksSinceMessage = 0;
      return;
    }
    looksSinceMessage++;
    if (looksSinceMessage >= looksMax) {
      cut(status);
    }
  }

  private synchronized void cut(Status status) {
    if (!closed) {
      cut = true;
      closed = true;
      delegate().close(status, new Metadata());
    }
  }

  private synchronized void heard() {
    awaited = Math.max(0, awaited - 1);
    looksSinceMessage = 0;
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
