package org.consilium.site.policy;

/**
 * Why a site does not do what it was asked. These names are all that the coordinator learns;
 * details stay in the local log.
 */
public enum Why {
  /** Nobody at the hospital has approved this study, or its digest has changed. */
  NOT_APPROVED("the hospital has not approved this study"),
  /** The policy does not allow this protection mode. */
  MODE_REFUSED("the policy does not allow this protection mode"),
  /** Fewer sites than the policy demands take part. */
  TOO_FEW_SITES("fewer sites take part than the policy demands"),
  /** Fewer training examples than the study demands. */
  COHORT_TOO_SMALL("fewer training examples than the study demands"),
  /** The policy or the catalogue does not know this model. */
  MODEL_NOT_ALLOWED("the model is not allowed here"),
  /** The policy's number of rounds a day is used up. */
  ROUND_LIMIT("today's number of rounds is used up"),
  /** Training or the delta stopped being finite. */
  DIVERGED("training diverged"),
  /** The model's file is not what its version says, or does not fit the study. */
  BAD_MODEL("the model file does not fit"),
  /** The local data do not fit the study. */
  BAD_DATA("the local data do not fit"),
  /** A signature or a chain does not verify. */
  BAD_SIGNATURE("a signature does not verify"),
  /** The policy's update bytes a day are used up. */
  EGRESS_LIMIT("today's update bytes are used up"),
  /** The privacy budget of the hospital's patients, or of the study, does not pay for the steps. */
  PRIVACY_BUDGET("the patients' privacy budget does not allow it"),
  /** What the others sent for masking does not do, or the round is burnt for this site. */
  MASK_REFUSED("masking with the other sites was refused"),
  /** Too few of the sites that take part are known to the hospital. */
  UNKNOWN_SITES("too few of the sites are known to this hospital"),
  /** The policy demands noise that this study does not add, or not enough of it. */
  PRIVACY_FLOOR("the study adds less noise than the policy demands"),
  /** The policy does not allow this kind of question. */
  TASK_REFUSED("the policy does not allow this task"),
  /** The policy does not allow this way of combining updates. */
  RULE_REFUSED("the policy does not allow this aggregation rule"),
  /** The policy's hours are over, or have not begun. */
  OUTSIDE_HOURS("outside the hours that the policy allows"),
  /** The policy's own dates say that it does not hold today. */
  POLICY_NOT_IN_FORCE("the policy's dates do not include today"),
  /** The exit did not let a message out; see the local log. */
  EGRESS_BLOCKED("the exit did not let it out"),
  /** The coordinator showed an audit log that does not continue the one this node saw. */
  AUDIT_REFUSED("the coordinator's audit log was refused here"),
  /** People here have paused all that leaves. */
  PAUSED("all egress is paused here"),
  /** Something failed here; see the local log. */
  INTERNAL("the node failed; see its log");

  private final String words;

  Why(String words) {
    this.words = words;
  }

  /** The reason in plain words. */
  public String words() {
    return words;
  }
}
