package org.consilium.protocol.wire;

/** What a signature is for; the label keeps a signature of one kind from passing as another. */
public enum SignedKind {
  PROPOSAL("consilium/v1/proposal"),
  TASK("consilium/v1/task"),
  UPDATE("consilium/v1/update"),
  REPORT("consilium/v1/report"),
  RECOVERY("consilium/v1/recovery");

  private final String label;

  SignedKind(String label) {
    this.label = label;
  }

  /** The domain-separation label that is signed with the body. */
  public String label() {
    return label;
  }
}
