/** As much of a Node stream as is needed here, by structure: it may come from another copy of the module. */
interface NodeStream {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  listeners(event: string): readonly unknown[];
  destroy(error?: unknown): unknown;
  pipe?(into: unknown): unknown;
}

const MOST_STREAMS = 8; // of a chain

/**
 * Hears the failures of a Node stream and of whatever is piped into it, from now on. A stream that fails while nobody
 * listens ends the process; and `pipe` does not hand failures on, so that the reader of
 * `createReadStream(path).pipe(createGunzip())` would wait for ever for a file that is not there. What failed is thrown
 * when the stream is read.
 */
export function hearFailures(stream: unknown): void {
  let heard = stream;
  for (let count = 0; isNodeStream(heard) && count < MOST_STREAMS; count++) {
    heard.on('error', () => {});
    const above = pipedInto(heard);
    if (above === undefined) return;
    const below = heard;
    above.on('error', (error) => below.destroy(error));
    above.pipe?.(below);
    heard = above;
  }
}

function isNodeStream(value: unknown): value is NodeStream {
  const { on, listeners, destroy } = (value ?? {}) as Partial<NodeStream>;
  return typeof on === 'function' && typeof listeners === 'function' && typeof destroy === 'function';
}

/**
 * The stream that is piped into this one, taken out of the pipe; `undefined` when there is none. A stream does not know
 * it: but what `pipe` listens with for its close takes the pipe apart, and says then whose it was.
 */
function pipedInto(stream: NodeStream): NodeStream | undefined {
  let above: unknown;
  const note = (from: unknown): void => void (above ??= from);
  stream.once('unpipe', note);
  for (const listener of stream.listeners('close')) {
    if (typeof listener !== 'function' || listener.name !== 'onclose') continue;
    if (/\bunpipe\(\)/.test(Function.prototype.toString.call(listener))) listener.call(stream);
  }
  stream.off('unpipe', note);
  return isNodeStream(above) ? above : undefined;
}
