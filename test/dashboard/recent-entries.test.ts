import { expect, it } from 'vitest';
import { RecentEntries } from '../../src/dashboard/recent-entries.js';

it('keeps the latest entries, whatever their names are', () => {
  const entries = new RecentEntries<number>(2);
  entries.set('__proto__', 1);
  entries.set('b', 2);
  entries.set('__proto__', 3);
  entries.set('c', 4);
  expect(entries.latestFirst).toEqual([4, 3]);
  expect([entries.get('b'), entries.get('__proto__')]).toEqual([undefined, 3]);
});
