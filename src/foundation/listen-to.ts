import type { ForeignEmitter, WatchableSource } from './event-source.js';

/** A handler by event name. */
export type EventHandlers = Readonly<Record<string, (payload: never) => void>>;

/**
 * Subscribes to some events of any source; returns the unsubscribe. By name where the source has `on`: a listener
 * for everything makes it build the payloads of all its events. Else through `onAny`.
 *
 * `onError` is told when a handler throws: the emitter of somebody else may let that unwind into its own code.
 */
export function listenTo(
  source: WatchableSource | ForeignEmitter,
  {
    handlers,
    onError,
  }: { readonly handlers: EventHandlers; readonly onError: (event: string, error: unknown) => void },
): () => void {
  const guarded = Object.entries(handlers).map(([event, handler]) => {
    const listener = (payload: unknown): void => {
      try {
        handler(payload as never);
      } catch (error) {
        onError(event, error);
      }
    };
    return [event, listener] as const;
  });
  if (!hasOn(source)) {
    const byName = new Map(guarded);
    return source.onAny((event, payload) => byName.get(event)?.(payload));
  }
  const stops = guarded.map(([event, listener]) => {
    const stop = source.on(event, listener);
    return typeof stop === 'function' ? (stop as () => void) : () => source.off?.(event, listener);
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function hasOn(source: WatchableSource | ForeignEmitter): source is ForeignEmitter {
  return typeof (source as Partial<ForeignEmitter>).on === 'function';
}
