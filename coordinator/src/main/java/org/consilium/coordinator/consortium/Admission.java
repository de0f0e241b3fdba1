package org.consilium.coordinator.consortium;

/** Whether a site may call with the certificate that it shows. */
public enum Admission {
  /** It is an active member, and the certificate is the approved one and holds now. */
  ADMITTED,
  /** The certificate's time is over, or has not come. */
  EXPIRED,
  /** The site is no active member, or the key is not the one that people approved. */
  NOT_A_MEMBER
}
