package org.consilium.sim.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** One connection through the proxy: two threads a direction, one takes in and one hands out. */
final class Connection {
  /** Of Ethernet without options. */
  static final int SEGMENT_BYTES = 1460;

  private static final int CONNECT_MILLIS = 5_000;

  /** Blocks on their way one way and before it; more wait at the sender, as on a real line. */
  private static final int BLOCKS_BEFORE = 16;

  private final FaultProxy line;
  private final Socket near;
  private final Socket far = new Socket();
  private final int number;
  private final AtomicLong up = new AtomicLong();
  private final AtomicLong down = new AtomicLong();
  private final AtomicInteger ended = new AtomicInteger();
  private volatile boolean cut;

  Connection(FaultProxy line, Socket near, int number) {
    this.line = line;
    this.near = near;
    this.number = number;
  }

  /** Bytes and when they arrive; none at the end of the stream. */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  private record Block(byte[] bytes, long due) {}

  void carry(InetSocketAddress target) {
    try {
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      far.connect(target, CONNECT_MILLIS);
      direction(Direction.UP, near, far, up);
      direction(Direction.DOWN, far, near, down);
    } catch (IOException nobodyThere) {
      end();
    }
  }

  void cut() {
    if (!near.isClosed()) {
      cut = true;
      end();
    }
  }

  Carried carried() {
    return new Carried(number, up.get(), down.get(), cut);
  }

  private void direction(Direction direction, Socket from, Socket to, AtomicLong count) {
    BlockingQueue<Block> way = new ArrayBlockingQueue<>(BLOCKS_BEFORE + line.blocksOnTheWay());
    Thread.ofVirtual().start(() -> takeIn(direction, from, way));
    Thread.ofVirtual().start(() -> handOut(direction, to, way, count));
  }

  private void takeIn(Direction direction, Socket from, BlockingQueue<Block> way) {
    try {
      InputStream in = from.getInputStream();
      byte[] buffer = new byte[1 << 14];
      while (true) {
        int read = in.read(buffer, 0, Math.min(buffer.length, line.block(direction)));
        if (read < 0) {
          way.put(new Block(new byte[0], 0));
          return;
        }
        way.put(new Block(Arrays.copyOf(buffer, read), line.due(direction, read)));
      }
    } catch (IOException reset) {
      end();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void handOut(Direction direction, Socket to, BlockingQueue<Block> way, AtomicLong count) {
    try {
      OutputStream out = to.getOutputStream();
      while (!near.isClosed()) {
        Block block = way.take();
        if (block.bytes().length == 0) {
          to.shutdownOutput();
          if (ended.incrementAndGet() == Direction.values().length) {
            near.close();
            far.close();
          }
          return;
        }
        line.await(direction, block.due());
        if (near.isClosed()) {
          return;
        }
        int pass = line.arrive(direction, block.bytes().length);
        out.write(block.bytes(), 0, pass);
        long _ = count.addAndGet(pass);
        line.cutIfReached(direction);
      }
    } catch (IOException reset) {
      end();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Both sides get a reset: what lies in buffers is thrown away. */
  private void end() {
    for (Socket socket : new Socket[] {near, far}) {
      try {
        socket.setSoLinger(true, 0);
      } catch (IOException closed) {
        // then there is nothing left to throw away
      }
      try {
        socket.close();
      } catch (IOException closed) {
        // it is closed
      }
    }
  }
}
