package org.consilium.coordinator.rpc;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Attached;
import org.consilium.coordinator.intake.Intake.Progress;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.UploadLease;
import org.consilium.coordinator.study.Studies;
import org.consilium.proto.v1.UpdateChunk;
import org.consilium.proto.v1.UploadProgress;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/**
 * Takes the chunks of one stream, whole or in parts, one message at a time: the next is asked for
 * when the last is written.
 */
final class ChunkReceiver implements StreamObserver<UpdateChunk> {
  private final SiteId site;
  private final Studies studies;
  private final ServerCallStreamObserver<UploadProgress> out;
  private Optional<Digest> upload = Optional.empty();
  private Optional<UploadLease> lease = Optional.empty();
  private Optional<Progress> progress = Optional.empty();
  private boolean over;

  ChunkReceiver(SiteId site, Studies studies, ServerCallStreamObserver<UploadProgress> out) {
    this.site = site;
    this.studies = studies;
    this.out = out;
  }

  void start() {
    out.disableAutoRequest();
    out.setOnCancelHandler(this::release);
    out.request(1);
  }

  @Override
  public void onNext(UpdateChunk chunk) {
    if (over) {
      return;
    }
    try {
      UploadLease held = lease(CoordinationService.digest(chunk.getUpload()));
      Intake stored = held.put(chunk.getIndex(), chunk.getOffset(), WireBytes.of(chunk.getData()));
      if (stored instanceof Rejected rejected) {
        throw RpcStatus.of(rejected);
      }
      if (stored instanceof Progress now) {
        progress = Optional.of(now);
      }
      studies.updateBytes(site, chunk.getData().size());
      out.request(1);
    } catch (StatusRuntimeException refused) {
      fail(refused);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible); // nothing is written anywhere
    }
  }

  @Override
  public void onError(Throwable cut) {
    release();
  }

  @Override
  public void onCompleted() {
    if (over) {
      return;
    }
    release();
    if (progress.isEmpty()) {
      out.onError(RpcStatus.malformed("the stream had no chunk"));
      return;
    }
    out.onNext(CoordinationService.progress(progress.get()));
    out.onCompleted();
  }

  private UploadLease lease(Digest name) {
    if (upload.isPresent() && !upload.get().equals(name)) {
      throw RpcStatus.malformed("a stream carries the chunks of one upload only");
    }
    if (lease.isPresent()) {
      return lease.get();
    }
    Intake attached = studies.attach(site, name);
    if (attached instanceof Rejected rejected) {
      throw RpcStatus.of(rejected);
    }
    if (!(attached instanceof Attached(UploadLease given))) {
      throw new IllegalStateException("attach gave " + attached);
    }
    upload = Optional.of(name);
    lease = Optional.of(given);
    return given;
  }

  private void fail(StatusRuntimeException refused) {
    over = true;
    release();
    out.onError(refused);
  }

  private void release() {
    lease.ifPresent(UploadLease::close);
    lease = Optional.empty();
  }
}
