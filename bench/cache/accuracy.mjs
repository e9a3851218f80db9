/**
 * How true the byte limit of MemoryBoundedCache is: fills a cache four times over with values of one kind and
 * compares what the process really holds with the limit.
 *
 *   npm run build && node --expose-gc bench/cache/accuracy.mjs [--json] [--mb 32]
 */
import { MemoryBoundedCache } from '../../dist/cache/memory-bounded-cache.js';

const given = process.argv.indexOf('--mb');
const MAX_BYTES = (given < 0 ? 32 : Number(process.argv[given + 1])) * 2 ** 20;
const asJson = process.argv.includes('--json');
if (typeof globalThis.gc !== 'function') {
  console.error('Run with: node --expose-gc bench/cache/accuracy.mjs');
  process.exit(1);
}

let state = 7;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;

/** A text of `n` characters, cut from a long one: as answers and evidence are in real life. */
const letters = (n, alphabet) => {
  const long = (texts[alphabet.join('')] ??= Array.from(
    { length: 200_000 },
    () => alphabet[Math.floor(random() * alphabet.length)],
  ).join(''));
  const from = Math.floor(random() * (long.length - n));
  return long.slice(from, from + n);
};
const texts = {};
const ascii = [...'abcdefghijklmnopqrstuvwxyz    '];
const emoji = ['😀', '🎉', '🚀', 'a', ' '];
const chinese = [...'评估模型的回答是否正确以及它为什么正确'];

/** An evaluation as the package makes it: six dimensions, evidence cut from the answer. */
const evaluation = (alphabet) => (i) => {
  const answer = letters(1500, alphabet);
  return {
    evaluator: 'capitals',
    version: '1',
    overallScore: random(),
    passed: i % 2 === 0,
    dimensions: Array.from({ length: 6 }, (_, d) => ({
      name: `dimension-${d}`,
      outcome: 'scored',
      score: random(),
      reason: answer.slice(d * 40, d * 40 + 60),
      confidence: random(),
      evidence: [answer.slice(100, 180), answer.slice(300, 420)],
      durationMs: random() * 10,
    })),
    metadata: { answer, tokens: Math.floor(random() * 1e5) },
  };
};

/** Kinds of values; each makes the value of entry `i`. */
export const kinds = {
  'ASCII text': () => letters(1000, ascii),
  'emoji text': () => letters(500, emoji),
  'Chinese text': () => letters(600, chinese),
  'ASCII cut from emoji text': () => {
    const text = `${letters(1000, ascii)}😀`;
    return { reason: text.slice(0, 700), evidence: [text.slice(700, 850), text.slice(850, 1000)] };
  },
  'short text': (i) => `answer ${i}`,
  'one number': (i) => i + 0.5,
  'array of doubles': () => Array.from({ length: 100 }, random),
  'typed array': () => Float64Array.from({ length: 100 }, random),
  'object of numbers': (i) => ({ a: i, b: random(), c: random(), d: random(), e: i + 1 }),
  'nested objects': (i) => ({
    id: i,
    child: { x: random(), child: { y: random(), list: [{ z: i }, { z: random() }] } },
  }),
  'parsed JSON': (i) =>
    JSON.parse(
      JSON.stringify({
        id: `case-${i}`,
        usage: { inputTokens: i, outputTokens: 7 },
        text: letters(300, ascii),
      }),
    ),
  'record of own keys': (i) =>
    Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`key-${i}-${k}`, k])),
  'small own keys': (i) => ({ [`user-${i}`]: i, [`group-${i}`]: i }),
  'small Buffer (pooled)': () => Buffer.from(letters(200, ascii)),
  'large Buffer': () => Buffer.alloc(20_000, 1),
  Map: (i) => new Map(Array.from({ length: 20 }, (_, k) => [`key-${i}-${k}`, random()])),
  Set: (i) => new Set(Array.from({ length: 20 }, (_, k) => `member-${i}-${k}`)),
  Date: (i) => ({ at: new Date(i) }),
  'slice of 1 MB': () =>
    Buffer.alloc(2 ** 20, 97)
      .toString('latin1')
      .slice(5000, 6000),
  rope: (i) => {
    let text = '';
    for (let k = 0; k < 100; k++) text += `${i}-${k} `;
    return text;
  },
  'evaluation, ASCII': evaluation(ascii),
  'evaluation, emoji': evaluation(emoji),
  'evaluation, Chinese': evaluation(chinese),
  'model response': (i) => ({
    text: letters(800, ascii),
    model: 'llama-3.1-8b',
    finishReason: 'stop',
    usage: { inputTokens: 100 + (i % 50), outputTokens: 200 },
    cost: random(),
    endpoint: 'http://gpu1:8000/v1',
    requestId: `req-${i}-${letters(16, ascii)}`,
    attempts: 1,
    latencyMs: random() * 1000,
    timeToFirstTokenMs: null,
  }),
};

async function held() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const rows = [];
for (const [kind, make] of Object.entries(kinds)) {
  // A cache of its own first, so that compiled code and hidden classes are not counted.
  const warm = new MemoryBoundedCache({ maxBytes: 2 ** 20 });
  for (let i = 0; i < 200; i++) warm.set(`warm-${i}`, make(i));
  await warm.close();
  const before = await held();
  const cache = new MemoryBoundedCache({ maxBytes: MAX_BYTES });
  const values = kind === 'slice of 1 MB' ? 1.02 : 4; // making a megabyte each time takes its time
  let weighed = 0;
  for (let i = 0; weighed < values * MAX_BYTES; i++) {
    const bytesBefore = cache.stats.bytes;
    cache.set(`case-${i}-${i * 7919}`, make(i));
    weighed += Math.max(
      cache.stats.bytes - bytesBefore,
      cache.stats.bytes / Math.max(1, cache.stats.entries),
    );
  }
  const real = (await held()) - before;
  rows.push({
    kind,
    entries: cache.stats.entries,
    accounted: cache.stats.bytes,
    held: real,
    heldOfLimit: real / MAX_BYTES,
  });
  await cache.close();
}

if (asJson) console.log(JSON.stringify(rows));
else {
  console.log(`limit ${MAX_BYTES / 2 ** 20} MB; held = heap and external memory after a full collection`);
  for (const row of rows) {
    console.log(
      `${row.kind.padEnd(24)} ${String(row.entries).padStart(8)} entries   held / limit ${row.heldOfLimit.toFixed(3)}   held / accounted ${(row.held / row.accounted).toFixed(3)}`,
    );
  }
}
