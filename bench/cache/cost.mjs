/**
 * What MemoryBoundedCache costs beside bare lru-cache, JSON.stringify and structuredClone of the same value, and its
 * second tier beside one file a key. Medians of interleaved rounds in one process.
 *
 *   npm run build && node bench/cache/cost.mjs
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { createEvaluator, editSimilarity, exactMatch } from '../../dist/index.js';
import { MemoryBoundedCache } from '../../dist/cache/memory-bounded-cache.js';
import { mainThreadMs } from '../workers/main-thread-cpu.mjs';
import { SqliteDiskTier } from '../../dist/stores/sqlite/sqlite-disk-tier.js';

const KEYS = 2000;
const ROUNDS = 7;
const AGAIN = 25;
const keys = Array.from({ length: KEYS }, (_, i) => `0123456789abcdef-${i}`);
const text = 'The quick brown fox jumps over the lazy dog. '.repeat(30);

/** An evaluation of 2 KB as JSON: six dimensions. */
const evaluation = (i) => ({
  evaluator: 'capitals',
  version: '1',
  overallScore: 0.5,
  dimensions: Array.from({ length: 6 }, (_, d) => ({
    name: `dimension-${d}`,
    outcome: 'scored',
    score: (i % 100) / 100,
    reason: text.slice(d * 10, d * 10 + 80),
    evidence: [text.slice(0, 60), text.slice(100, 170)],
    durationMs: 0.3,
  })),
});
const values = keys.map((_, i) => evaluation(i));

const evaluator = createEvaluator({
  name: 'capitals',
  version: '1',
  dimensions: { exact: exactMatch(), similar: editSimilarity() },
});

/** What the package itself stores most; each makes the value of a key. */
const kinds = {
  '2 KB evaluation, 6 dimensions': evaluation,
  'evaluation, 2 dimensions': (i) =>
    evaluator.evaluateText(text.slice(i % 100, 200), { expected: text.slice(0, 200) }),
  'model response of 1 kB': (i) => ({
    text: text.slice(i % 100, (i % 100) + 1000),
    model: 'llama-3.1-8b',
    finishReason: 'stop',
    usage: { inputTokens: 100 + (i % 50), outputTokens: 200 },
    cost: i / 1000,
    endpoint: 'http://gpu1:8000/v1',
    requestId: `chatcmpl-0123456789abcdef-${i}`,
    attempts: 1,
    latencyMs: 812.25 + i,
    timeToFirstTokenMs: null,
  }),
  'text of 1 kB': (i) => text.slice(i % 100, (i % 100) + 1000),
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

process.stdout.on('error', () => {}); // `| head` goes before the end

/** CPU nanoseconds a call, median over rounds; the contenders take turns. */
function compare(contenders) {
  const taken = contenders.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    contenders.forEach((run, which) => {
      const begun = mainThreadMs();
      for (let again = 0; again < AGAIN; again++) run();
      taken[which].push(((mainThreadMs() - begun) * 1e6) / (KEYS * AGAIN));
    });
  }
  return taken.map(median);
}

const bare = new LRUCache({ max: KEYS });
const bounded = new MemoryBoundedCache({ maxBytes: 2 ** 30 });
const withTtl = new MemoryBoundedCache({ maxBytes: 2 ** 30, ttlMs: 3_600_000 });
const fill = (cache) => () => keys.forEach((key, i) => cache.set(key, values[i]));
const read = (cache) => () => {
  for (const key of keys) if (cache.get(key) === undefined) throw new Error('miss');
};

const [setBare, setBounded, setTtl] = compare([fill(bare), fill(bounded), fill(withTtl)]);
const [getBare, getBounded, getTtl] = compare([read(bare), read(bounded), read(withTtl)]);
const inNs = (ns) => `${ns.toFixed(0).padStart(6)} ns`;
console.log(
  `get   lru-cache ${inNs(getBare)}   MemoryBoundedCache ${inNs(getBounded)} (${(getBounded / getBare).toFixed(2)} times; with ttl ${(getTtl / getBare).toFixed(2)})   goal <= 3 times`,
);
console.log(
  `set   lru-cache ${inNs(setBare)}   MemoryBoundedCache ${inNs(setBounded)} (2 KB evaluation, copied and weighed; with ttl ${inNs(setTtl)})   goal <= 5000 ns`,
);

for (const [kind, make] of Object.entries(kinds)) {
  const made = await Promise.all(keys.map((_, i) => make(i)));
  const cache = new MemoryBoundedCache({ maxBytes: 2 ** 30 });
  const results = compare([
    () => keys.forEach((key, i) => cache.set(key, made[i])),
    () => made.forEach((value) => JSON.stringify(value)),
    () => made.forEach((value) => structuredClone(value)),
  ]);
  const [set, stringify, clone] = results.map(inNs);
  console.log(`  ${kind.padEnd(30)} set ${set}   JSON.stringify ${stringify}   structuredClone ${clone}`);
}

let computed = 0;
let rejected = 0;
const small = new MemoryBoundedCache({ maxBytes: 10_000 });
await Promise.all(
  Array.from({ length: 100 }, () =>
    small
      .getOrCompute('one', async () => {
        computed++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return evaluation(1);
      })
      .catch(() => rejected++),
  ),
);
console.log(`100 concurrent requests for one key: ${computed} computation, ${rejected} rejected`);
computed = 0;
await Promise.all(
  Array.from({ length: 300 }, (_, i) =>
    small
      .getOrCompute(`key-${i % 30}`, async () => {
        computed++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return evaluation(i);
      })
      .catch(() => rejected++),
  ),
);
console.log(
  `300 requests for 30 keys in a cache with room for 2: ${computed} computations, ${rejected} rejected   goal 30, 0`,
);

const folder = mkdtempSync(join(tmpdir(), 'assaykit-bench-'));
try {
  const disk = await SqliteDiskTier.open(join(folder, 'cache.db'));
  const rates = { tier: [], files: [] };
  for (let round = 0; round < 5; round++) {
    let begun = performance.now();
    for (let i = 0; i < KEYS; i++) disk.set(`${round}-${keys[i]}`, values[i], null);
    await disk.flush();
    rates.tier.push((KEYS / (performance.now() - begun)) * 1000);
    begun = performance.now();
    for (let i = 0; i < KEYS; i++)
      writeFileSync(join(folder, `${round}-${i}.json`), JSON.stringify(values[i]));
    rates.files.push((KEYS / (performance.now() - begun)) * 1000);
  }
  const begun = performance.now();
  for (let i = 0; i < KEYS; i++) disk.get(`0-${keys[i]}`);
  const readUs = ((performance.now() - begun) / KEYS) * 1000;
  console.log(
    `second tier: ${median(rates.tier).toFixed(0)} sets/s, ${readUs.toFixed(0)} us a hit   (one file a key: ${median(rates.files).toFixed(0)} sets/s)   goal >= 5000 sets/s`,
  );
  await disk.close();
} finally {
  rmSync(folder, { recursive: true });
}
