package org.consilium.site.work;

import java.io.IOException;
import org.consilium.site.session.Answer;

/** Says something to the coordinator; in the ledger before, dropped without a connection. */
@FunctionalInterface
public interface Voice {
  /** Says it. */
  void say(Answer answer) throws IOException;
}
