import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { FakeProcessor, scoredResult } from './support/event-sources.js';

describe('diagnostics channels', () => {
  it('carry every event as assaykit:<event>, with the payload that listeners get', () => {
    const processor = new FakeProcessor();
    const heard: unknown[] = [];
    const listener = (message: unknown, name: string | symbol): void => void heard.push([name, message]);
    const payload = { at: 1, runId: 'run-1', result: scoredResult() };
    expect(processor.isWanted('case:end')).toBe(false);
    subscribe('assaykit:case:end', listener);
    try {
      expect(processor.isWanted('case:end')).toBe(true);
      expect(processor.isWanted('case:start')).toBe(false);
      processor.fire('case:end', payload);
    } finally {
      unsubscribe('assaykit:case:end', listener);
    }
    processor.fire('case:end', payload);
    expect(heard).toEqual([['assaykit:case:end', payload]]);
    expect(processor.isWanted('case:end')).toBe(false);
  });

  it('carry the events of all sources in the process', () => {
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    subscribe('assaykit:case:start', listener);
    try {
      for (const runId of ['a', 'b']) {
        new FakeProcessor().fire('case:start', { at: 1, runId, caseId: 'c', repetition: 0 });
      }
    } finally {
      unsubscribe('assaykit:case:start', listener);
    }
    expect(heard).toHaveLength(2);
  });
});
