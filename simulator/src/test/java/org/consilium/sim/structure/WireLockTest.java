package org.consilium.sim.structure;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.consilium.proto.journal.RoundOpened;
import org.consilium.proto.v1.CertifyRequest;
import org.junit.jupiter.api.Test;

/**
 * What versions of the product share on the wire and in the journal only grows: a number keeps its
 * type and its meaning, or is never used again. F12. See proto/wire.lock.
 */
final class WireLockTest {
  private static final Path LOCK =
      Path.of(System.getProperty("consilium.root", "..")).resolve("proto/wire.lock");

  @Test
  void messages_areThoseOfTheLock() throws IOException {
    Set<String> now = new TreeSet<>();
    for (Descriptor any : List.of(CertifyRequest.getDescriptor(), RoundOpened.getDescriptor())) {
      file(any.getFile(), now);
    }
    Set<String> locked = new TreeSet<>(Files.readAllLines(LOCK));
    locked.removeIf(line -> line.startsWith("#"));

    Set<String> broken = new TreeSet<>(locked);
    broken.removeAll(now);
    assertThat(broken).as("of proto/wire.lock, changed: older versions read these").isEmpty();
    Set<String> fresh = new TreeSet<>(now);
    fresh.removeAll(locked);
    assertThat(fresh).as("new: add these lines to proto/wire.lock").isEmpty();
  }

  private static void file(FileDescriptor file, Set<String> into) {
    for (FileDescriptor other : file.getDependencies()) {
      if (other.getPackage().startsWith("consilium")) {
        file(other, into);
      }
    }
    file.getMessageTypes().forEach(m -> message(m, into));
    file.getEnumTypes().forEach(e -> values(e, into));
    for (ServiceDescriptor service : file.getServices()) {
      for (MethodDescriptor m : service.getMethods()) {
        into.add(
            "%s/%s %s%s %s%s"
                .formatted(
                    service.getFullName(),
                    m.getName(),
                    m.isClientStreaming() ? "stream " : "",
                    m.getInputType().getFullName(),
                    m.isServerStreaming() ? "stream " : "",
                    m.getOutputType().getFullName()));
      }
    }
  }

  private static void message(Descriptor message, Set<String> into) {
    for (FieldDescriptor f : message.getFields()) {
      String type =
          switch (f.getJavaType()) {
            case MESSAGE -> f.getMessageType().getFullName();
            case ENUM -> f.getEnumType().getFullName();
            default -> f.getType().name().toLowerCase(java.util.Locale.ROOT);
          };
      into.add(
          "%s %d %s%s"
              .formatted(
                  message.getFullName(), f.getNumber(), f.isRepeated() ? "repeated " : "", type));
    }
    message.getNestedTypes().forEach(m -> message(m, into));
    message.getEnumTypes().forEach(e -> values(e, into));
  }

  private static void values(EnumDescriptor values, Set<String> into) {
    for (EnumValueDescriptor value : values.getValues()) {
      into.add("%s %d %s".formatted(values.getFullName(), value.getNumber(), value.getName()));
    }
  }
}
