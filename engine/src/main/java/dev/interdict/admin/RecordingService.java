package dev.interdict.admin;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import dev.interdict.recording.Recorder;
import dev.interdict.v1.ExportRecordingRequest;
import dev.interdict.v1.ExportRecordingResponse;
import dev.interdict.v1.ListRecordingsRequest;
import dev.interdict.v1.ListRecordingsResponse;
import dev.interdict.v1.Recording;
import dev.interdict.v1.RecordingServiceGrpc;
import dev.interdict.v1.StartRecordingRequest;
import dev.interdict.v1.StartRecordingResponse;
import dev.interdict.v1.StopRecordingRequest;
import dev.interdict.v1.StopRecordingResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;

/** {@code recording.proto}. */
final class RecordingService extends RecordingServiceGrpc.RecordingServiceImplBase {
  private static final long SECONDS_MAX = 366L * 24 * 3600;
  private static final int REDACT_MAX = 100;

  /** A message of an export. */
  private static final int CHUNK = 64 << 10;

  private final Recorder recorder;

  RecordingService(Recorder recorder) {
    this.recorder = recorder;
  }

  @Override
  public void startRecording(
      StartRecordingRequest request, StreamObserver<StartRecordingResponse> caller) {
    Replies.send(
        caller,
        () ->
            StartRecordingResponse.newBuilder()
                .setRecording(
                    recording(recorder.begin(limit(request.getLimit()), redacted(request))))
                .build());
  }

  private static java.time.Duration limit(Duration limit) {
    if (limit.getSeconds() < 0 || limit.getNanos() < 0 || limit.getSeconds() > SECONDS_MAX) {
      throw new BadRequestException("limit must be from 0 (none) to 366 days");
    }
    java.time.Duration wanted = java.time.Duration.ofSeconds(limit.getSeconds(), limit.getNanos());
    return wanted.isZero() ? null : wanted;
  }

  private static Set<String> redacted(StartRecordingRequest request) {
    Set<String> facts = new TreeSet<>(request.getRedactList());
    if (facts.size() > REDACT_MAX) {
      throw new BadRequestException("redact may name at most " + REDACT_MAX + " facts");
    }
    facts.forEach(
        fact -> {
          if (!Recorder.redactable().contains(fact)) {
            throw new BadRequestException(
                "redact: \"%s\" is no fact that can be left out; these can: %s"
                    .formatted(fact, String.join(", ", Recorder.redactable())));
          }
        });
    return facts;
  }

  @Override
  public void stopRecording(
      StopRecordingRequest request, StreamObserver<StopRecordingResponse> caller) {
    Replies.send(
        caller,
        () -> StopRecordingResponse.newBuilder().setRecording(recording(recorder.stop())).build());
  }

  @Override
  public void listRecordings(
      ListRecordingsRequest request, StreamObserver<ListRecordingsResponse> caller) {
    Replies.send(
        caller,
        () ->
            ListRecordingsResponse.newBuilder()
                .addAllRecordings(
                    recorder.list().stream().map(RecordingService::recording).toList())
                .build());
  }

  private static Recording recording(Recorder.Info info) {
    Recording.Builder recording =
        Recording.newBuilder()
            .setId(info.id())
            .setStarted(Protos.timestamp(info.started()))
            .setLast(Protos.timestamp(info.last()))
            .setUnderWay(info.underWay())
            .addAllRedacted(info.redacted())
            .setBytes(info.bytes())
            .setTuples(info.tuples())
            .setAsks(info.asks())
            .setLost(info.lost());
    if (info.ends() != null && info.underWay()) {
      recording.setEnds(Protos.timestamp(info.ends()));
    }
    return recording.build();
  }

  @Override
  public void exportRecording(
      ExportRecordingRequest request, StreamObserver<ExportRecordingResponse> observer) {
    var caller = (ServerCallStreamObserver<ExportRecordingResponse>) observer;
    Thread thread =
        Thread.ofVirtual().name("export").unstarted(() -> export(request.getId(), caller));
    caller.setOnReadyHandler(() -> LockSupport.unpark(thread));
    caller.setOnCancelHandler(() -> LockSupport.unpark(thread));
    thread.start();
  }

  private void export(long id, ServerCallStreamObserver<ExportRecordingResponse> caller) {
    try (OutputStream out = new BufferedOutputStream(new Sender(caller), CHUNK)) {
      recorder.export(id, out);
      out.flush();
      caller.onCompleted();
    } catch (CancellationException e) {
      return; // nobody is there
    } catch (Throwable e) { // the caller is told, as of any other call
      caller.onError(Statuses.of(e));
    }
  }

  /** Sends what is written, while the caller's flow control has room. */
  private static final class Sender extends OutputStream {
    private final ServerCallStreamObserver<ExportRecordingResponse> caller;

    Sender(ServerCallStreamObserver<ExportRecordingResponse> caller) {
      this.caller = caller;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      for (int at = from; at < from + length; at += CHUNK) {
        int some = Math.min(CHUNK, from + length - at);
        while (!caller.isReady()) {
          if (caller.isCancelled()) {
            throw new CancellationException();
          }
          LockSupport.park(this);
        }
        caller.onNext(
            ExportRecordingResponse.newBuilder()
                .setContent(ByteString.copyFrom(bytes, at, some))
                .build());
      }
    }
  }
}
