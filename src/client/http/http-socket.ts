import { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { systemClock } from '../../foundation/clock.js';

const READ_BYTES = 65_536; // what libuv reads at once

/** What the sockets of this thread read into: the bytes of one are copied out before another one reads. */
let arrivals: Buffer | undefined;

/**
 * A connection without TLS whose bytes go straight to who listens for `readable`, as undici's parser does. A plain
 * socket takes 64 kB of memory for each piece, cuts it to what came, and hands it on through the queue and two more
 * turns of a stream: 4 to 6 % of the CPU of a case (`docs/decisions/lean-sockets.md`).
 *
 * What the listener leaves, and what comes when nobody listens, goes through the stream as ever.
 */
export class HttpSocket extends Socket {
  #arrived: Buffer | undefined;

  constructor() {
    arrivals ??= Buffer.allocUnsafeSlow(READ_BYTES);
    super({
      highWaterMark: READ_BYTES,
      onread: { buffer: arrivals, callback: (length: number) => this.#arrive(length) },
    } as ConstructorParameters<typeof Socket>[0]);
  }

  /** What arrived; `null` when that was read already. */
  override read(size?: number): Buffer | null {
    if (size === undefined) {
      const chunk = this.#arrived;
      if (chunk !== undefined) {
        this.#arrived = undefined;
        return chunk;
      }
      if (this.readableLength === 0) return null;
    }
    return super.read(size) as Buffer | null;
  }

  /** Answers whether to go on reading. */
  #arrive(length: number): boolean {
    // Not from Buffer's pool, where it would stand among the bodies of requests, which live as long as a call.
    const chunk = Buffer.allocUnsafeSlow(length);
    arrivals!.copy(chunk, 0, 0, length);
    if (this.readableLength > 0) return this.push(chunk); // after what is waiting
    this.#arrived = chunk;
    this.emit('readable');
    if (this.#arrived === undefined) return true;
    this.#arrived = undefined;
    return this.push(chunk);
  }
}

/**
 * Opens a connection without TLS, as undici's own connector does; it is given up after `timeoutMs`. The callback is
 * not called when the socket is destroyed before.
 */
export function connectHttp(
  { hostname, port, localAddress }: buildConnector.Options,
  timeoutMs: number,
  callback: buildConnector.Callback,
): Socket {
  const socket = new HttpSocket();
  const timer = systemClock.schedule(
    () => socket.destroy(new ConnectTimeout(timeoutMs)),
    timeoutMs,
    { keepAlive: false }, // the socket does
  );
  let waiting: buildConnector.Callback | undefined = callback;
  const settle = (...outcome: Parameters<buildConnector.Callback>): void => {
    timer.cancel();
    const told = waiting;
    waiting = undefined;
    told?.(...outcome);
  };
  return socket
    .setKeepAlive(true, KEEP_ALIVE_MS)
    .setNoDelay(true)
    .once('connect', () => settle(null, socket))
    .on('error', (error) => settle(error, null)) // stays: what fails after undici has let go must not be unhandled
    .once('close', () => timer.cancel())
    .connect({ host: hostname, port: Number(port || 80), ...(localAddress && { localAddress }) });
}

const KEEP_ALIVE_MS = 60_000; // undici's

class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(timeoutMs: number) {
    super(`No connection within ${timeoutMs} ms`);
  }
}
