import { describe, expect, it } from 'vitest';
import { DuplicateGuard } from '../../src/batch/seen-ids.js';

describe('DuplicateGuard', () => {
  it('never forgets an id and takes no new one for seen, over 300,000 similar ids', () => {
    const guard = new DuplicateGuard();
    for (let i = 0; i < 300_000; i++) if (guard.seen(`case-${i}`)) throw new Error(`case-${i} is new`);
    expect(guard.size).toBe(300_000);
    for (let i = 0; i < 300_000; i += 7) if (!guard.seen(`case-${i}`)) throw new Error(`case-${i} was seen`);
  });

  it('tells apart ids that differ only beyond the first code unit, and the empty id', () => {
    const guard = new DuplicateGuard();
    for (const id of ['', '\u0000', '\u0000\u0000', 'é', 'e\u0301', '😀', '😁', 'aa', 'a'])
      expect(guard.seen(id)).toBe(false);
    expect(guard.seen('')).toBe(true);
  });
});
