package org.consilium.coordinator.web;

import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MediaType;
import io.micronaut.http.MutableHttpResponse;
import io.micronaut.serde.annotation.Serdeable;
import java.util.List;

/**
 * An error as RFC 9457 has it.
 *
 * @param type address of the kind of problem
 * @param title the same in words
 * @param status HTTP status
 * @param code the same code as the command line's
 * @param detail what went wrong this time
 * @param hint what to do; may be empty
 * @param errors single findings, for example of a study file
 */
@Serdeable
record Problem(
    String type,
    String title,
    int status,
    String code,
    String detail,
    String hint,
    List<Finding> errors) {
  Problem {
    errors = List.copyOf(errors);
  }

  /** One finding in a file. */
  @Serdeable
  record Finding(int line, int column, String path, String message) {}

  static Problem of(HttpStatus status, String code, String detail, String hint) {
    return new Problem(
        "urn:consilium:error:" + code,
        status.getReason(),
        status.getCode(),
        code,
        detail,
        hint,
        List.of());
  }

  Problem with(List<Finding> findings) {
    return new Problem(type, title, status, code, detail, hint, findings);
  }

  MutableHttpResponse<Problem> response() {
    return HttpResponse.<Problem>status(HttpStatus.valueOf(status))
        .contentType(MediaType.APPLICATION_JSON_PROBLEM_TYPE)
        .body(this);
  }
}
