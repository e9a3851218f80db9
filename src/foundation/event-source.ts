import { channel as channelOf, type Channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'eventemitter3';
import { systemClock } from './clock.js';
import { isThenable } from './thenable.js';

/** Payload of `listener:error`: a listener threw. Reported once per event name and source. */
export interface ListenerErrorEvent {
  /** The event whose listener threw. */
  readonly event: string;
  /** What it threw. */
  readonly error: unknown;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
}

/** The part of an event map that every source has. */
export interface BaseEventMap {
  /** A listener threw, or its promise rejected; told once per event name. */
  'listener:error': ListenerErrorEvent;
}

/** The read side of an {@link EventSource}: what a monitor or a log needs of whatever it watches. */
export interface WatchableSource {
  /** Subscribes to every event of the source; returns the unsubscribe. */
  onAny(listener: (event: string, payload: unknown) => void): () => void;
}

/** An emitter that is no {@link EventSource}: node's `EventEmitter`, mitt, eventemitter3, nanoevents. */
export interface ForeignEmitter {
  /** Subscribes to one event; may return the unsubscribe. */
  on(event: string, listener: (payload: unknown) => void): unknown;
  /** Unsubscribes, where `on` does not return it. */
  off?(event: string, listener: (payload: unknown) => void): unknown;
}

type Handler = (payload: unknown) => void;

/** Who may hear one event. */
interface Hearers {
  /** By listener: what is called in its place. */
  readonly guarded: Map<Handler, Handler>;
  readonly channel: Channel;
}

/**
 * Typed events on eventemitter3: subscribing returns the unsubscribe, `emit` is protected, a throwing
 * listener stops neither the emitter nor other listeners.
 *
 * Emitters ask {@link EventSource.wants} before they build a payload, so an event that nobody hears costs a
 * property read. Each event is also published on the diagnostics channel `assaykit:<event>`, which is free
 * while nobody subscribes. An event map is an interface whose keys are `noun:verb` names and whose values are
 * readonly payload objects.
 */
export abstract class EventSource<Events extends BaseEventMap> implements WatchableSource {
  readonly #emitter = new EventEmitter();
  readonly #anyListeners = new Set<(event: string, payload: unknown) => void>();
  readonly #hearers = new Map<string, Hearers>();
  readonly #reported = new Set<string>();

  /** Calls `listener` at every `event`; returns the unsubscribe. The same listener is registered once. */
  on<Name extends keyof Events & string>(event: Name, listener: (payload: Events[Name]) => void): () => void {
    this.#add(event, listener as Handler, listener as Handler);
    return () => this.off(event, listener);
  }

  /** Calls `listener` at the next `event` only; returns the unsubscribe. */
  once<Name extends keyof Events & string>(
    event: Name,
    listener: (payload: Events[Name]) => void,
  ): () => void {
    const handler: Handler = (payload) => {
      this.off(event, listener);
      (listener as Handler)(payload);
    };
    this.#add(event, listener as Handler, handler);
    return () => this.off(event, listener);
  }

  /** Removes a listener; unknown ones are ignored. */
  off<Name extends keyof Events & string>(event: Name, listener: (payload: Events[Name]) => void): void {
    const ofEvent = this.#hearersOf(event).guarded;
    const guarded = ofEvent.get(listener as Handler);
    if (guarded === undefined) return;
    ofEvent.delete(listener as Handler);
    this.#emitter.off(event, guarded);
  }

  /** Calls `listener` at every event of this source, with the event's name; returns the unsubscribe. */
  onAny(listener: (event: string, payload: unknown) => void): () => void {
    this.#anyListeners.add(listener);
    return () => void this.#anyListeners.delete(listener);
  }

  /** Whether anybody hears `event`: build its payload only then. */
  protected wants(event: keyof Events & string): boolean {
    if (this.#anyListeners.size > 0) return true;
    const { guarded, channel } = this.#hearersOf(event);
    return guarded.size > 0 || channel.hasSubscribers;
  }

  /** Delivers `payload` to every listener of `event`. */
  protected emit<Name extends keyof Events & string>(event: Name, payload: Events[Name]): void {
    this.#emitter.emit(event, payload);
    for (const listener of this.#anyListeners) {
      try {
        this.#catchRejection(event, listener(event, payload));
      } catch (error) {
        this.reportListenerError(event, error);
      }
    }
    const { channel } = this.#hearersOf(event);
    if (channel.hasSubscribers) channel.publish(payload);
  }

  #add(event: string, listener: Handler, handler: Handler): void {
    const ofEvent = this.#hearersOf(event).guarded;
    if (ofEvent.has(listener)) return;
    // eventemitter3 lets a throwing listener unwind into the emitter and skips the listeners after it.
    const guarded: Handler = (payload) => {
      try {
        this.#catchRejection(event, handler(payload));
      } catch (error) {
        this.reportListenerError(event, error);
      }
    };
    ofEvent.set(listener, guarded);
    this.#emitter.on(event, guarded);
  }

  #hearersOf(event: string): Hearers {
    let found = this.#hearers.get(event);
    if (found === undefined) {
      found = { guarded: new Map(), channel: channelOf(`assaykit:${event}`) };
      this.#hearers.set(event, found);
    }
    return found;
  }

  /** A listener may be an async function: unheard, its rejection would end the process. */
  #catchRejection(event: string, returned: unknown): void {
    if (isThenable(returned)) {
      returned.then(undefined, (error: unknown) => this.reportListenerError(event, error));
    }
  }

  /** Tells of a listener of `event` that threw; once per event name. */
  protected reportListenerError(event: string, error: unknown): void {
    if (event === 'listener:error' || this.#reported.has(event)) return;
    this.#reported.add(event);
    const payload: ListenerErrorEvent = { event, error, at: systemClock.wallTime() };
    this.emit('listener:error', payload as Events['listener:error']);
  }
}
