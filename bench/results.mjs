// Where measurements are kept between the benchmarks and the report, and how they are summed up.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

const file = (name) => new URL(`../.bench/${name}`, import.meta.url);

/** One file for each benchmark; not in version control. */
export const RESULTS = {
  contenders: file('contenders.jsonl'),
  scale: file('scale.jsonl'),
  micro: file('micro.json'),
  import: file('import.json'),
  soak: file('soak.json'),
};

/** Rows of a results file, or an empty array when the benchmark has not been run. */
export function readRows(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A results file that holds one object, or `undefined`. */
export const readResult = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** Writes a results file that holds one object. */
export function saveResult(path, result) {
  mkdirSync(new URL('.', path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** Median of the numbers; `undefined` when there are none. */
export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The machine, in one line, with how busy it has been: figures of a busy machine are worth little. */
export function machine() {
  const cores = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown CPU'}, ${gigabytes} GB, ${platform()} ${release()} ${arch()}, Node ${process.version}, load average ${loadavg()[2].toFixed(1)}`;
}

/** Fixed digits with thousands separated; a dash for what is missing. */
export const show = (value, digits = 0) =>
  value === undefined || value === null || !Number.isFinite(value)
    ? '–'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A Markdown table. */
export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
