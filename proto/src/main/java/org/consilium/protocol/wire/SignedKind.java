package org.consilium.protocol.wire;

/** What a signature is for; the label keeps a signature of one kind from passing as another. */
public enum SignedKind {
  PROPOSAL("consilium/v1/proposal"),
  TASK("consilium/v1/task"),
  UPDATE("consilium/v1/update"),
  REPORT("consilium/v1/report"),
  RECOVERY("consilium/v1/recovery"),
  MASK_KEYS("consilium/v1/mask-keys"),
  MASK_PARCEL("consilium/v1/mask-parcel"),
  MASK_CONSENT("consilium/v1/mask-consent"),
  MASK_RELEASE("consilium/v1/mask-release"),
  MASK_COMPLAINT("consilium/v1/mask-complaint"),
  MASK_ORDER("consilium/v1/mask-order");

  private final String label;

  SignedKind(String label) {
    this.label = label;
  }

  /** The domain-separation label that is signed with the body. */
  public String label() {
    return label;
  }
}
