import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** RFC 6455 §7.4.1. */
const unsupportedData = 1003;
/** Answers to pings that a peer may leave unread; further pings get none. */
const mostUnreadBytes = 64 * 1024;

/**
 * The bytes of a WebSocket as a stream: frames of the protocol inside may span messages and share them. A text message ends it.
 * A destroyed stream cuts the socket, an ended one says good-bye first.
 */
export function streamOf(socket: WebSocket): Duplex {
  const stream = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (socket.readyState === socket.OPEN) socket.send(chunk, { binary: true }, (error) => done(error));
      else done(new Error('the WebSocket is closed'));
    },
    final(done) {
      socket.close(1000);
      done();
    },
    destroy(error, done) {
      socket.terminate();
      done(error);
    },
  });
  socket.on('message', (data, isBinary) => {
    if (!isBinary) socket.close(unsupportedData);
    else if (!stream.readableEnded && !stream.destroyed && !stream.push(data)) socket.pause();
  });
  socket.on('ping', (data: Buffer) => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < mostUnreadBytes) socket.pong(data);
  });
  socket.on('error', (error) => stream.destroy(error));
  socket.on('close', () => {
    if (!stream.readableEnded && !stream.destroyed) stream.push(null);
    stream.destroy();
  });
  return stream;
}
