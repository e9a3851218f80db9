import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { EventSource, type BaseEventMap } from '../../src/foundation/event-source.js';

interface ThingEvents extends BaseEventMap {
  'thing:happen': { readonly at: number };
  'thing:end': { readonly at: number };
}

class Thing extends EventSource<ThingEvents> {
  happen(at = 1): void {
    this.emit('thing:happen', { at });
  }

  isWanted(event: 'thing:happen' | 'thing:end'): boolean {
    return this.wants(event);
  }
}

const rejections = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('EventSource', () => {
  it('calls listeners in order until they unsubscribe, the same one once', () => {
    const thing = new Thing();
    const heard: string[] = [];
    const first = (): void => void heard.push('first');
    const stop = thing.on('thing:happen', first);
    thing.on('thing:happen', first);
    thing.on('thing:happen', () => heard.push('second'));
    thing.once('thing:happen', () => heard.push('once'));
    thing.happen();
    stop();
    stop();
    thing.happen();
    expect(heard).toEqual(['first', 'second', 'once', 'second']);
  });

  it('wants an event while somebody hears it: a listener, one for everything, or a diagnostics channel', () => {
    const thing = new Thing();
    expect(thing.isWanted('thing:happen')).toBe(false);
    const stop = thing.on('thing:happen', () => {});
    expect([thing.isWanted('thing:happen'), thing.isWanted('thing:end')]).toEqual([true, false]);
    stop();
    const stopAny = thing.onAny(() => {});
    expect(thing.isWanted('thing:end')).toBe(true);
    stopAny();
    const subscriber = (): void => {};
    subscribe('assaykit:thing:happen', subscriber);
    expect([thing.isWanted('thing:happen'), thing.isWanted('thing:end')]).toEqual([true, false]);
    unsubscribe('assaykit:thing:happen', subscriber);
    expect(thing.isWanted('thing:happen')).toBe(false);
  });

  it('reports a listener that throws once, and goes on', () => {
    const thing = new Thing();
    const heard: string[] = [];
    const reported: unknown[] = [];
    const broken = new Error('broken');
    thing.on('listener:error', ({ event, error }) => reported.push([event, error]));
    thing.on('thing:happen', () => {
      throw broken;
    });
    thing.onAny((event) => {
      heard.push(event);
      if (event === 'thing:happen') throw broken;
    });
    thing.on('thing:happen', () => heard.push('after'));
    thing.happen();
    thing.happen();
    expect(reported).toEqual([['thing:happen', broken]]);
    expect(heard.filter((each) => each === 'after')).toHaveLength(2);
    expect(heard.filter((each) => each === 'thing:happen')).toHaveLength(2);
  });

  it.each(['on', 'onAny'] as const)('reports the rejection of an async listener of %s', async (how) => {
    const thing = new Thing();
    const reported: unknown[] = [];
    const broken = new Error('broken');
    const listener = (): Promise<void> => Promise.reject(broken);
    thing.on('listener:error', ({ error }) => reported.push(error));
    if (how === 'on') thing.on('thing:happen', listener);
    else thing.onAny((event) => (event === 'thing:happen' ? listener() : undefined));
    thing.happen();
    await rejections(); // vitest fails a run with an unhandled rejection
    expect(reported).toEqual([broken]);
  });

  it('does not report the failure of a listener for failures', () => {
    const thing = new Thing();
    let calls = 0;
    thing.on('listener:error', () => {
      calls += 1;
      throw new Error('broken too');
    });
    thing.on('thing:happen', () => {
      throw new Error('broken');
    });
    thing.happen();
    expect(calls).toBe(1);
  });
});
