package org.consilium.coordinator.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.micronaut.context.annotation.Primary;
import io.micronaut.http.HttpRequest;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.HttpStatus;
import io.micronaut.http.MediaType;
import io.micronaut.http.MutableHttpResponse;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Error;
import io.micronaut.http.server.exceptions.response.ErrorContext;
import io.micronaut.http.server.exceptions.response.ErrorResponseProcessor;
import io.micronaut.json.JsonSyntaxException;
import jakarta.inject.Singleton;
import java.io.IOException;
import org.consilium.coordinator.backup.Backup;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.coordinator.study.StudyRefused;
import org.consilium.coordinator.yaml.YamlRefused;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every error of the HTTP server becomes a problem here; no stack trace leaves. */
@Controller
final class Problems {
  private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
  private static final String UNREADABLE =
      "the request's body is not the JSON that is expected here";

  @Error(global = true)
  HttpResponse<?> refused(StudyRefused refused) {
    HttpStatus status =
        switch (refused.why()) {
          case NOT_FOUND -> HttpStatus.NOT_FOUND;
          case ALREADY_EXISTS, WRONG_STATE -> HttpStatus.CONFLICT;
          case ILLEGAL, UNKNOWN_SITE -> HttpStatus.UNPROCESSABLE_ENTITY;
        };
    String hint =
        switch (refused.why()) {
          case NOT_FOUND -> "consilium study list";
          case ALREADY_EXISTS -> "choose another metadata.name";
          case WRONG_STATE -> "consilium study show ID";
          case ILLEGAL -> "consilium study validate -f study.yaml";
          case UNKNOWN_SITE -> "consilium site list";
        };
    return Problem.of(status, code(refused.why()), message(refused), hint).response();
  }

  @Error(global = true)
  HttpResponse<?> refused(MembershipRefused refused) {
    HttpStatus status =
        switch (refused.why()) {
          case NOT_FOUND -> HttpStatus.NOT_FOUND;
          case TOKEN_SPENT, WRONG_STATE, NOT_ON_ROSTER -> HttpStatus.CONFLICT;
          case SAME_PERSON, NOT_ALLOWED, BAD_SIGNATURE -> HttpStatus.FORBIDDEN;
          case TOO_MANY -> HttpStatus.TOO_MANY_REQUESTS;
          case TOKEN_UNKNOWN, TOKEN_EXPIRED, FINGERPRINT, BAD_REQUEST, STALE ->
              HttpStatus.UNPROCESSABLE_ENTITY;
        };
    String hint =
        switch (refused.why()) {
          case SAME_PERSON, NOT_ON_ROSTER -> "have another person approve: consilium site approve";
          case NOT_ALLOWED, BAD_SIGNATURE -> "consilium person list";
          case NOT_FOUND,
              TOKEN_SPENT,
              WRONG_STATE,
              TOO_MANY,
              TOKEN_UNKNOWN,
              TOKEN_EXPIRED,
              FINGERPRINT,
              BAD_REQUEST,
              STALE ->
              "consilium site list";
        };
    return Problem.of(status, code(refused.why()), message(refused), hint).response();
  }

  @Error(global = true)
  HttpResponse<?> refused(YamlRefused refused) {
    return Problem.of(
            HttpStatus.UNPROCESSABLE_ENTITY,
            "CS-STUDY-010",
            "the study file has %d problem(s)".formatted(refused.problems().size()),
            "the keys are described in docs/reference/study-file.md")
        .with(
            refused.problems().stream()
                .map(p -> new Problem.Finding(p.line(), p.column(), p.path(), p.message()))
                .toList())
        .response();
  }

  @Error(global = true)
  HttpResponse<?> illegal(IllegalArgumentException illegal) {
    return Problem.of(HttpStatus.BAD_REQUEST, "CS-HTTP-400", message(illegal), "").response();
  }

  @Error(global = true)
  HttpResponse<?> unreadable(JsonProcessingException foreign) {
    return unreadable();
  }

  @Error(global = true)
  HttpResponse<?> unreadable(JsonSyntaxException foreign) {
    return unreadable();
  }

  private static HttpResponse<?> unreadable() {
    return Problem.of(HttpStatus.BAD_REQUEST, "CS-HTTP-400", UNREADABLE, "see /openapi.yaml")
        .response();
  }

  @Error(global = true)
  HttpResponse<?> refused(StoreRefused refused) {
    return Problem.of(
            HttpStatus.CONFLICT, refused.why().code(), message(refused), refused.why().hint())
        .response();
  }

  @Error(global = true)
  HttpResponse<?> away(AuthorityUnreachable away) {
    LOG.warn("a request needs the issuing authority: {}", away.getMessage());
    return Problem.of(
            HttpStatus.SERVICE_UNAVAILABLE,
            "CS-CA-001",
            "the issuing authority does not answer",
            "start it with consilium ca serve; if it has just come back, wait a few seconds and"
                + " repeat")
        .response();
  }

  @Error(global = true)
  HttpResponse<?> notHere(Backup.NotHere elsewhere) {
    return Problem.of(
            HttpStatus.CONFLICT,
            "CS-BACKUP-002",
            String.valueOf(elsewhere.getMessage()),
            "docs/operating/backup.md")
        .response();
  }

  @Error(global = true)
  HttpResponse<?> notMade(Backup.NotMade refused) {
    LOG.warn("{}", refused.getMessage());
    return Problem.of(
            HttpStatus.CONFLICT, "CS-BACKUP-003", message(refused), "docs/operating/backup.md")
        .response();
  }

  @Error(global = true)
  HttpResponse<?> failed(IOException failed) {
    LOG.error("a request failed on the store", failed);
    return Problem.of(
            HttpStatus.SERVICE_UNAVAILABLE,
            "CS-STORE-001",
            "the coordinator's store failed",
            "see the coordinator's log")
        .response();
  }

  @Error(global = true)
  HttpResponse<?> bug(HttpRequest<?> request, IllegalStateException bug) {
    LOG.error("{} {} failed on a bug", request.getMethod(), request.getPath(), bug);
    return Problem.of(
            HttpStatus.INTERNAL_SERVER_ERROR,
            "CS-INTERNAL-001",
            "internal error",
            "see the coordinator's log")
        .response();
  }

  private static String code(StudyRefused.Why why) {
    return switch (why) {
      case NOT_FOUND -> "CS-STUDY-001";
      case ALREADY_EXISTS -> "CS-STUDY-002";
      case WRONG_STATE -> "CS-STUDY-003";
      case ILLEGAL -> "CS-STUDY-004";
      case UNKNOWN_SITE -> "CS-STUDY-005";
    };
  }

  private static String code(MembershipRefused.Why why) {
    return switch (why) {
      case NOT_FOUND -> "CS-SITE-001";
      case TOKEN_SPENT -> "CS-SITE-002";
      case TOKEN_UNKNOWN -> "CS-SITE-003";
      case TOKEN_EXPIRED -> "CS-SITE-004";
      case BAD_REQUEST -> "CS-SITE-005";
      case FINGERPRINT -> "CS-SITE-006";
      case WRONG_STATE -> "CS-SITE-007";
      case NOT_ON_ROSTER -> "CS-ROSTER-001";
      case SAME_PERSON -> "CS-ROSTER-002";
      case NOT_ALLOWED -> "CS-ROSTER-003";
      case BAD_SIGNATURE -> "CS-ROSTER-004";
      case STALE -> "CS-ROSTER-005";
      case TOO_MANY -> "CS-ROSTER-006";
    };
  }

  private static String message(Exception cause) {
    return String.valueOf(cause.getMessage());
  }

  /** What the framework itself refuses: no such page, wrong method, unreadable body. */
  @Singleton
  @Primary
  static final class FrameworkErrors implements ErrorResponseProcessor<Problem> {
    /** A body that does not fit is told with names of our classes: they are not the caller's. */
    private static String plain(String message) {
      return message.contains("org.consilium") ? UNREADABLE : message;
    }

    @Override
    public MutableHttpResponse<Problem> processResponse(
        ErrorContext context, MutableHttpResponse<?> response) {
      int code = response.code();
      String detail =
          code >= 500 || context.getErrors().isEmpty()
              ? response.reason()
              : plain(context.getErrors().getFirst().getMessage());
      return response
          .contentType(MediaType.APPLICATION_JSON_PROBLEM_TYPE)
          .body(
              Problem.of(HttpStatus.valueOf(code), "CS-HTTP-" + code, detail, "see /openapi.yaml"));
    }
  }
}
