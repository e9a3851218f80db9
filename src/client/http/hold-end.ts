import type { Socket } from 'node:net';

/** The parts of a socket that are put in place of its own. */
type Held = Pick<Socket, 'push' | 'read' | 'unshift' | '_destroy'>;

/**
 * Keeps the end of a connection from undici's parser while the parser is paused, or has not taken all that came: it
 * would fail an assertion, as an exception in an event of the socket, which ends the process, or drop the last of a
 * reply that came whole. So it is with undici 7.30, when a stream's reader is slow and the server closes the connection.
 *
 * The parser gives back with `unshift` what it did not take, also when that is nothing, and asks with `read` when it
 * goes on.
 */
export function holdEndWhilePaused(socket: Socket): void {
  const own: Held = {
    push: socket.push.bind(socket),
    read: socket.read.bind(socket) as Socket['read'],
    unshift: socket.unshift.bind(socket),
    _destroy: socket._destroy.bind(socket),
  };
  let paused = false;
  let ended = false;
  const goOn = (): void => {
    if (!ended || paused || socket.readableLength > 0) return;
    ended = false;
    own.push(null);
    own.read(0); // which is what tells of the end
  };
  const held: Held = {
    push(chunk: unknown, encoding?: BufferEncoding) {
      if (chunk !== null || (!paused && socket.readableLength === 0)) return own.push(chunk, encoding);
      ended = true;
      return false;
    },
    read(size?: number): unknown {
      if (size !== undefined) return own.read(size);
      paused = false;
      if (ended) queueMicrotask(goOn); // the parser may pause again with what it gets now
      return own.read();
    },
    unshift(chunk: unknown, encoding?: BufferEncoding) {
      paused = true;
      own.unshift(chunk, encoding);
    },
    _destroy(error, callback) {
      // Of a reset the parser thinks that it may be the end of a reply.
      const reset = paused && (error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET';
      own._destroy(reset ? new Error(error!.message, { cause: error }) : error, callback);
    },
  };
  Object.assign(socket, held);
}
