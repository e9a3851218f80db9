import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/foundation/clock.js';

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('fires no timer before its time, whatever the fraction of a millisecond', () => {
    const fired = vi.fn();
    systemClock.schedule(fired, 10.2);
    vi.advanceTimersByTime(10);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  it('does not fire what was cancelled, and takes a delay below 0 for none and one beyond setTimeout for its longest', () => {
    const [cancelled, late, soon] = [vi.fn(), vi.fn(), vi.fn()];
    systemClock.schedule(cancelled, 5).cancel();
    systemClock.schedule(late, Number.POSITIVE_INFINITY);
    systemClock.schedule(soon, -3);
    vi.advanceTimersByTime(1000);
    expect(cancelled).not.toHaveBeenCalled();
    expect(late).not.toHaveBeenCalled();
    expect(soon).toHaveBeenCalledOnce();
  });
});
