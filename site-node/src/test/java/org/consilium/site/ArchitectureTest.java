package org.consilium.site;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "org.consilium.site",
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule DELTA_LEAVES_THROUGH_PROTECT =
      noClasses()
          .that()
          .resideOutsideOfPackages("..site.train..", "..site.protect..")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.consilium.site.train.Delta")
          .because("a plain delta has one exit from the hospital");

  @ArchTest
  static final ArchRule NETWORK_SEES_PROTECTED_TYPES_ONLY =
      noClasses()
          .that()
          .resideInAnyPackage("..site.upload..", "..site.session..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..site.train..", "..site.validate..", "..site.cohort..")
          .because("what is sent must have been through protect");

  @ArchTest
  static final ArchRule TRAINING_CANNOT_TOUCH_THE_VETO =
      noClasses()
          .that()
          .resideInAnyPackage("..site.train..", "..site.validate..", "..site.cohort..")
          .should()
          .dependOnClassesThat(
              com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage(
                      "..site.policy..")
                  .and(
                      com.tngtech.archunit.base.DescribedPredicate.not(
                          com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo(
                              org.consilium.site.policy.Why.class))))
          .because("what trains says why it failed, and decides nothing");

  @ArchTest
  static final ArchRule ONE_CHANNEL =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("org.consilium.site.session.CoordinatorLink")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc.netty..", "java.net.http..")
          .because("every connection goes through the exit");

  @ArchTest
  static final ArchRule WIRE_TYPES_STAY_AT_THE_NETWORK =
      noClasses()
          .that()
          .resideOutsideOfPackages("..site.upload..", "..site.session..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.consilium.proto.v1..")
          .because("a decoded record is legal, a message is not");

  @ArchTest
  static final ArchRule NO_ENGINE_TYPES =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ai.djl..", "org.bouncycastle..")
          .because("tensors stay in models, primitives in security");

  @ArchTest
  static final ArchRule TIME_AND_CHANCE_ARE_PARAMETERS =
      noClasses()
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .because("a failure must be replayable from one number");

  @ArchTest
  static final ArchRule NO_CYCLES =
      slices()
          .matching("org.consilium.site.(*)..")
          .should()
          .beFreeOfCycles()
          .because("rooms have doors");
}
