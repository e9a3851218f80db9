// MemoryBoundedCache against lru-cache: the difference buys true bytes, copies that pin nothing, and single flight.
import { MemoryBoundedCache } from 'assaykit';
import { LRUCache } from 'lru-cache';

const ENTRIES = 1000;
const OPERATIONS = 1000; // a call, so that the harness's own timer does not count

export function comparisons() {
  const keys = Array.from({ length: ENTRIES }, (_, i) => `key-${i}`);
  const value = {
    text: 'an answer of some length '.repeat(10),
    usage: { inputTokens: 80, outputTokens: 200 },
  };
  const ours = new MemoryBoundedCache({ maxBytes: 100_000_000 });
  const bare = new LRUCache({ maxSize: 100_000_000, sizeCalculation: ({ text }) => text.length });
  for (const key of keys) {
    ours.set(key, value);
    bare.set(key, value);
  }
  const repeat = (operation) => () => {
    for (let i = 0; i < OPERATIONS; i++) operation(keys[i % ENTRIES]);
  };
  return [
    {
      name: 'cache: get, hit',
      run: repeat((key) => ours.get(key)),
      bare: 'lru-cache get',
      runBare: repeat((key) => bare.get(key)),
      operations: OPERATIONS,
    },
    {
      name: 'cache: set 250 characters and usage',
      run: repeat((key) => ours.set(key, value)),
      bare: 'lru-cache set',
      runBare: repeat((key) => bare.set(key, value)),
      operations: OPERATIONS,
    },
    {
      name: 'cache: getOrCompute, hit',
      run: async () => {
        for (const key of keys) await ours.getOrCompute(key, async () => value);
      },
      bare: 'lru-cache fetch, hit',
      runBare: async () => {
        for (const key of keys) await bare.fetch(key);
      },
      operations: ENTRIES,
    },
  ];
}
