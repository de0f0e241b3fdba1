package org.consilium.coordinator.rpc;

import io.grpc.Context;
import java.security.cert.X509Certificate;
import org.consilium.protocol.SiteId;

/** Who is calling, as its certificate says; set by {@link CallerInterceptor} for every call. */
public final class Caller {
  /** The site; present in every call on the coordination port. */
  public static final Context.Key<SiteId> SITE = Context.key("site");

  /** The certificate that the call's connection showed; present where {@link #SITE} is. */
  public static final Context.Key<X509Certificate> LEAF = Context.key("leaf");

  private Caller() {}
}
