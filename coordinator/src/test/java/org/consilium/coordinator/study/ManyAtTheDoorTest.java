package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.consilium.proto.v1.CommitUpdateRequest;
import org.consilium.proto.v1.CoordinationGrpc;
import org.consilium.proto.v1.CoordinatorMessage;
import org.consilium.proto.v1.FetchModelRequest;
import org.consilium.proto.v1.Hello;
import org.consilium.proto.v1.ModelChunk;
import org.consilium.proto.v1.Ping;
import org.consilium.proto.v1.Signed;
import org.consilium.proto.v1.SiteMessage;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hundred hospitals come back at the same instant, each over a connection of its own with its own
 * certificate. Times and memory are printed, of servers and clients in one process.
 */
@Tag("slow")
final class ManyAtTheDoorTest {
  private static final int SITES = 100;
  private static final int PARAMETERS = 500_000;
  private static final int PINGS = 3;
  private static final int TRIES = 20;

  @TempDir Path folder;
  private final AtomicInteger refused = new AtomicInteger();

  /** One hospital's part: what it does on its connection. */
  private interface Errand {
    void run() throws Exception;
  }

  @Test
  void connect_aHundredAtOnce_allAreServed() throws Exception {
    try (WireConsortium c = new WireConsortium(folder, SITES);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var _ = c.inside.begin(TestPlan.of(c.inside.ids).parameters(PARAMETERS));
      RoundTask task = c.inside.task(c.inside.ids.getFirst());
      Map<SiteId, TestSite.Sealed> updates = new TreeMap<>();
      Map<SiteId, ManagedChannel> lines = new TreeMap<>();
      for (int i = 0; i < SITES; i++) {
        SiteId site = c.inside.ids.get(i);
        lines.put(site, c.channel(site));
        if (i % 2 == 1) {
          updates.put(site, c.inside.site(site).train(task, c.inside.snapshot().plan()));
        }
      }
      long before = status("VmRSS");
      CountDownLatch together = new CountDownLatch(1);
      List<Future<Double>> all = new ArrayList<>();
      for (SiteId site : c.inside.ids) {
        ManagedChannel line = java.util.Objects.requireNonNull(lines.get(site));
        TestSite.Sealed update = updates.get(site);
        all.add(
            threads.submit(
                () -> {
                  together.await();
                  long from = System.nanoTime();
                  patiently(() -> session(line));
                  if (update == null) {
                    patiently(() -> download(line, task));
                  } else {
                    patiently(() -> upload(line, update));
                  }
                  return (System.nanoTime() - from) / 1e9;
                }));
      }

      together.countDown();
      List<Double> seconds = new ArrayList<>();
      for (Future<Double> one : all) {
        seconds.add(one.get(100, TimeUnit.SECONDS));
      }

      seconds.sort(null);
      System.out.printf(
          Locale.ROOT,
          "%d connections at once: all served in %.1f s (median %.1f s), %d refusals; resident"
              + " %d MiB before, peak %d MiB (servers, clients and their updates)%n",
          SITES,
          seconds.getLast(),
          seconds.get(SITES / 2),
          refused.get(),
          before / 1024,
          status("VmHWM") / 1024);
      StudySnapshot now = c.inside.snapshot();
      assertThat(now.rounds().getLast().updates().keySet()).isEqualTo(updates.keySet());
      assertThat(now.sites())
          .filteredOn(s -> s.bytesDown() == task.model().fileBytes())
          .hasSize(50);
      assertThat(refused.get()).isZero();
    }
  }

  /** What a node does when it is told to come again. */
  private void patiently(Errand errand) throws Exception {
    for (int tries = 1; ; tries++) {
      try {
        errand.run();
        return;
      } catch (StatusRuntimeException failed) {
        Status.Code code = failed.getStatus().getCode();
        if (code == Status.Code.RESOURCE_EXHAUSTED) {
          int _ = refused.incrementAndGet();
        } else if (code != Status.Code.UNAVAILABLE) {
          throw failed;
        }
        if (tries == TRIES) {
          throw failed;
        }
        Thread.sleep(50L * tries);
      }
    }
  }

  private static void session(ManagedChannel line) throws Exception {
    CountDownLatch pongs = new CountDownLatch(PINGS);
    CompletableFuture<Void> welcome = new CompletableFuture<>();
    StreamObserver<SiteMessage> out =
        CoordinationGrpc.newStub(line)
            .withWaitForReady()
            .session(
                new StreamObserver<>() {
                  @Override
                  public void onNext(CoordinatorMessage message) {
                    if (message.hasWelcome()) {
                      boolean _ = welcome.complete(null);
                    } else if (message.hasPong()) {
                      pongs.countDown();
                    }
                  }

                  @Override
                  public void onError(Throwable failed) {
                    boolean _ = welcome.completeExceptionally(failed);
                  }

                  @Override
                  public void onCompleted() {
                    onError(Status.UNAVAILABLE.asRuntimeException());
                  }
                });
    out.onNext(
        SiteMessage.newBuilder()
            .setHello(Hello.newBuilder().setProtocol(Limits.PROTOCOL).setSoftwareVersion("0.1.0"))
            .build());
    try {
      var _ = welcome.get(90, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException failed) {
      throw Status.fromThrowable(failed).asRuntimeException();
    }
    for (int i = 0; i < PINGS; i++) {
      out.onNext(SiteMessage.newBuilder().setPing(Ping.newBuilder().setSequence(i)).build());
    }
    assertThat(pongs.await(90, TimeUnit.SECONDS)).as("every ping is answered").isTrue();
  }

  private static void download(ManagedChannel line, RoundTask task) {
    Iterator<ModelChunk> chunks =
        blocking(line)
            .fetchModel(
                FetchModelRequest.newBuilder()
                    .setVersion(ByteString.copyFrom(task.model().version().digest().bytes()))
                    .build());
    long bytes = 0;
    while (chunks.hasNext()) {
      bytes += chunks.next().getData().size();
    }
    assertThat(bytes).isEqualTo(task.model().fileBytes());
  }

  private static void upload(ManagedChannel line, TestSite.Sealed update) throws Exception {
    var _ =
        blocking(line)
            .beginUpdate(
                Signed.newBuilder()
                    .setBody(ByteString.copyFrom(update.body()))
                    .setSignature(ByteString.copyFrom(update.signature()))
                    .build());
    CompletableFuture<UploadProgress> taken = new CompletableFuture<>();
    StreamObserver<UpdateChunk> out =
        CoordinationGrpc.newStub(line)
            .withWaitForReady()
            .sendChunks(
                new StreamObserver<>() {
                  @Override
                  public void onNext(UploadProgress progress) {
                    boolean _ = taken.complete(progress);
                  }

                  @Override
                  public void onError(Throwable failed) {
                    boolean _ = taken.completeExceptionally(failed);
                  }

                  @Override
                  public void onCompleted() {}
                });
    for (int i = 0; i < update.chunks().size(); i++) {
      out.onNext(
          UpdateChunk.newBuilder()
              .setUpload(ByteString.copyFrom(update.upload().bytes()))
              .setIndex(i)
              .setData(ByteString.copyFrom(update.chunks().get(i)))
              .build());
    }
    out.onCompleted();
    try {
      var _ = taken.get(90, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException failed) {
      throw Status.fromThrowable(failed).asRuntimeException();
    }
    var _ =
        blocking(line)
            .commitUpdate(
                CommitUpdateRequest.newBuilder()
                    .setUpload(ByteString.copyFrom(update.upload().bytes()))
                    .build());
  }

  private static CoordinationGrpc.CoordinationBlockingStub blocking(ManagedChannel line) {
    return CoordinationGrpc.newBlockingStub(line)
        .withWaitForReady()
        .withDeadlineAfter(90, TimeUnit.SECONDS);
  }

  /** KiB, as the kernel counts; 0 where it does not. */
  private static long status(String field) throws Exception {
    Path file = Path.of("/proc/self/status");
    if (!Files.exists(file)) {
      return 0;
    }
    return Files.readAllLines(file).stream()
        .filter(l -> l.startsWith(field + ":"))
        .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(0);
  }
}
