/** What can be printed to: a stream of Node, or an object of the host with its `write`. */
interface Printable {
  write(text: string): unknown;
}

/** What of it is needed when it is a stream of Node. */
interface ErringStream {
  write(text: string, done: (error: Error | null | undefined) => void): unknown;
  listenerCount(event: 'error'): number;
  once(event: 'error', listener: () => void): unknown;
}

const ignore = (): void => {};

/**
 * Writes text for people. Whoever reads stderr through a pipe may have gone (`node job.mjs 2>&1 | head`): like
 * `console.error` it passes over what a stream of Node then says, since an `error` event that nobody hears ends the
 * process.
 */
export function print(stream: Printable, text: string): void {
  if (!isErring(stream)) {
    stream.write(text);
    return;
  }
  try {
    stream.write(text, (error) => {
      // Told just before the event. A listener of the host hears it, and then nothing is to be done.
      if (error instanceof Error && stream.listenerCount('error') === 0) stream.once('error', ignore);
    });
  } catch {
    // stderr may be a file on a full disk
  }
}

function isErring(stream: Printable): stream is ErringStream & Printable {
  const { listenerCount, once } = stream as Partial<ErringStream>;
  return typeof listenerCount === 'function' && typeof once === 'function';
}
