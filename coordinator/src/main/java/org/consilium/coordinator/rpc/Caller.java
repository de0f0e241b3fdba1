package org.consilium.coordinator.rpc;

import io.grpc.Context;
import org.consilium.protocol.SiteId;

/** Who is calling, as its certificate says; set by {@link CallerInterceptor} for every call. */
public final class Caller {
  /** The site; present in every call on the coordination port. */
  public static final Context.Key<SiteId> SITE = Context.key("site");

  private Caller() {}
}
