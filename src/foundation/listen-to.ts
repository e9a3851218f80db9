import type { WatchableSource } from './event-source.js';

/** A handler by event name. */
export type EventHandlers = Readonly<Record<string, (payload: never) => void>>;

/**
 * Subscribes to some events of any source; returns the unsubscribe. By name where the source has `on`: a listener
 * for everything makes it build the payloads of all its events. Else through `onAny`.
 */
export function listenTo(source: WatchableSource, handlers: EventHandlers): () => void {
  const { on } = source as { on?: (event: string, listener: (payload: never) => void) => unknown };
  if (typeof on !== 'function') {
    return source.onAny((event, payload) => {
      if (Object.hasOwn(handlers, event)) handlers[event]?.(payload as never);
    });
  }
  const stops = Object.entries(handlers).map(([event, handler]) => on.call(source, event, handler));
  return () => {
    for (const stop of stops) if (typeof stop === 'function') (stop as () => void)();
  };
}
