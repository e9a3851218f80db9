import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../../src/evaluation/evaluation-types.js';
import { GzipFileResultStore } from '../../../src/stores/gzip/gzip-file-result-store.js';
import { isDamaged, walkMembers } from '../../../src/stores/gzip/gzip-member.js';
import type { ResultStoreEvents } from '../../../src/stores/result-store.js';
import { awkwardIds, erroredResult, scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

type Recovered = ResultStoreEvents['store:recovered'];

const SHARD = 'results-000001.jsonl.gz';
const batch = (number: number, size = 3): CaseResult[] =>
  Array.from({ length: size }, (_, i) =>
    scoredResult({ caseId: `${number}-${i}`, startedAt: number * 10 + i }),
  );
const ids = (...numbers: number[]): string[] =>
  numbers.flatMap((number) => batch(number).map((r) => r.caseId));

async function write(folder: string, ...numbers: number[]): Promise<Recovered[]> {
  const store = new GzipFileResultStore(folder);
  const recovered: Recovered[] = [];
  store.on('store:recovered', (event) => recovered.push(event));
  for (const number of numbers) await store.append(batch(number));
  await store.close();
  return recovered;
}

async function read(folder: string): Promise<{ found: string[]; recovered: Recovered[] }> {
  const store = new GzipFileResultStore(folder);
  const recovered: Recovered[] = [];
  store.on('store:recovered', (event) => recovered.push(event));
  const found: string[] = [];
  for await (const result of store.query()) found.push(result.caseId);
  await store.close();
  return { found, recovered };
}

const members = (bytes: Buffer): { offset: number; length: number; rows: number }[] =>
  [...walkMembers((offset, length) => bytes.subarray(offset, offset + length), 0, bytes.length)].filter(
    (part): part is { offset: number; length: number; rows: number } => !isDamaged(part),
  );

describe('shards of a GzipFileResultStore', () => {
  const newFolder = temporaryFolders();

  it('are read by zcat and by Node, one result a line', async () => {
    const folder = newFolder();
    await write(folder, 0, 1, 2);
    const text = execFileSync('zcat', [join(folder, SHARD)], { encoding: 'utf8' });
    expect(text).toBe(gunzipSync(readFileSync(join(folder, SHARD))).toString());
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as CaseResult).caseId)).toEqual(ids(0, 1, 2));
    expect(JSON.parse(lines[0] as string)).toEqual(batch(0)[0]);
  });

  it('carry the length of each member and the number of its lines', async () => {
    const folder = newFolder();
    await write(folder, 0, 1);
    const bytes = readFileSync(join(folder, SHARD));
    const found = members(bytes);
    expect(found.map(({ rows }) => rows)).toEqual([3, 3]);
    expect(found.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length);
  });

  it('lose only the torn member, wherever the end was torn off', async () => {
    const whole = newFolder();
    await write(whole, 0, 1, 2);
    const bytes = readFileSync(join(whole, SHARD));
    const starts = members(bytes).map(({ offset }) => offset);
    for (let length = 0; length < bytes.length; length += 67) {
      const folder = newFolder();
      writeFileSync(join(folder, SHARD), bytes.subarray(0, length));
      const kept = starts.filter((_, i) => (starts[i + 1] ?? bytes.length) <= length).length;
      expect((await read(folder)).found).toEqual(ids(...[0, 1, 2].slice(0, kept)));
      const cut = length - (starts[kept] ?? bytes.length);
      const recovered = await write(folder, 7);
      expect(
        recovered.map(({ keptResults, cutBytes }) => ({ keptResults, cutBytes })),
        `torn at ${length}`,
      ).toEqual(cut > 0 ? [{ keptResults: 3 * kept, cutBytes: cut }] : []);
      expect((await read(folder)).found).toEqual(ids(...[0, 1, 2].slice(0, kept), 7));
      for (const name of readdirSync(folder)) execFileSync('gzip', ['-t', join(folder, name)]);
    }
  });

  it('lose only the member that was damaged in the middle, and say so', async () => {
    const whole = newFolder();
    await write(whole, 0, 1, 2);
    const bytes = readFileSync(join(whole, SHARD));
    const [, second, third] = members(bytes) as unknown as [never, { offset: number }, { offset: number }];
    for (let at = second.offset; at < third.offset; at += 41) {
      const folder = newFolder();
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x20;
      writeFileSync(join(folder, SHARD), damaged);
      const { found, recovered } = await read(folder);
      const harmless = at - second.offset >= 20 && at - second.offset < 24; // the number of lines: only told
      expect(found, `byte ${at}`).toEqual(harmless ? ids(0, 1, 2) : ids(0, 2));
      expect(recovered.length > 0, `byte ${at}`).toBe(!harmless);
      for (const { keptResults } of recovered) expect(keptResults, `byte ${at}`).toBeLessThanOrEqual(2 * 3);
      await write(folder, 7);
      expect((await read(folder)).found).toEqual(harmless ? ids(0, 1, 2, 7) : ids(0, 2, 7));
    }
  });

  it('lose a last member whose content never reached the disk', async () => {
    const folder = newFolder();
    await write(folder, 0, 1);
    const path = join(folder, SHARD);
    const bytes = readFileSync(path);
    const last = members(bytes).at(-1) as { offset: number };
    bytes.fill(0, last.offset + 24);
    writeFileSync(path, bytes);
    const recovered = await write(folder, 2);
    expect(recovered).toMatchObject([{ file: path, keptResults: 3, cutBytes: bytes.length - last.offset }]);
    expect((await read(folder)).found).toEqual(ids(0, 2));
  });

  it('lose nothing to rubbish behind them', async () => {
    for (const rubbish of [Buffer.alloc(4096), Buffer.from('rubbish'), Buffer.from([0x1f, 0x8b])]) {
      const folder = newFolder();
      await write(folder, 0, 1);
      appendFileSync(join(folder, SHARD), rubbish);
      expect((await read(folder)).found).toEqual(ids(0, 1));
      expect(await write(folder, 2)).toMatchObject([{ keptResults: 6, cutBytes: rubbish.length }]);
      expect((await read(folder)).found).toEqual(ids(0, 1, 2));
    }
  });

  it('are not hidden by a newer shard that is empty or broken', async () => {
    for (const content of [
      Buffer.alloc(0),
      Buffer.from([0x1f, 0x8b, 8, 4]),
      Buffer.from('not gzip at all'),
    ]) {
      const folder = newFolder();
      await write(folder, 0, 1);
      writeFileSync(join(folder, 'results-000009.jsonl.gz'), content);
      const store = new GzipFileResultStore(folder);
      expect(await store.finishedKeys('run', [{ caseId: '1-2', repetition: 0 }])).toEqual(['scored']);
      await store.append(batch(2));
      await store.close();
      expect((await read(folder)).found).toEqual(ids(0, 1, 2));
    }
  });

  it('leave a file alone that is not theirs, and say so', async () => {
    const folder = newFolder();
    const path = join(folder, 'results-000007.jsonl.gz');
    const foreign = gzipSync('{"mine":true}\n');
    writeFileSync(path, foreign);
    expect((await read(folder)).recovered).toMatchObject([{ file: path, cutBytes: foreign.length }]);
    await write(folder, 0);
    expect(readFileSync(path)).toEqual(foreign);
    expect((await read(folder)).found).toEqual(ids(0));
  });

  it('are begun anew at every open and when they are full', async () => {
    const folder = newFolder();
    await write(folder, 0);
    await write(folder, 1);
    const store = new GzipFileResultStore(folder, { shardBytes: 1 });
    await store.append(batch(2));
    await store.append(batch(3));
    await store.close();
    expect(readdirSync(folder).sort()).toEqual([1, 2, 3, 4].map((n) => `results-00000${n}.jsonl.gz`));
    expect((await read(folder)).found).toEqual(ids(0, 1, 2, 3));
  });

  it('show a reader what another store has written since', async () => {
    const folder = newFolder();
    const writer = new GzipFileResultStore(folder);
    const reader = new GzipFileResultStore(folder);
    const seen = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const result of reader.query()) found.push(result.caseId);
      return found;
    };
    expect(await seen()).toEqual([]);
    await writer.append(batch(0));
    expect(await seen()).toEqual(ids(0));
    await writer.append(batch(1));
    await writer.append([erroredResult({ caseId: '0-0' })]);
    expect(await seen()).toEqual(ids(0, 1));
    await expect(reader.append(batch(2))).rejects.toMatchObject({ code: 'ASSAY_STORE_LOCKED' });
    await writer.close();
    await reader.append(batch(2));
    expect(await seen()).toEqual(ids(0, 1, 2));
    await reader.close();
  });

  it('do not grow a member beyond what can be inflated at once', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder, { level: 1 });
    const text = 'x'.repeat(1_500_000);
    const results = Array.from({ length: 7 }, (_, i) => scoredResult({ caseId: `${i}`, startedAt: i, text }));
    await store.append(results);
    await store.close();
    expect(members(readFileSync(join(folder, SHARD))).map(({ rows }) => rows)).toEqual([2, 2, 2, 1]);
    expect((await read(folder)).found).toHaveLength(7);
  });

  it('reports a flush with the bytes that were written', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder);
    const flushes: ResultStoreEvents['store:flush'][] = [];
    store.on('store:flush', (event) => flushes.push(event));
    await Promise.all([store.append(batch(0)), store.append(batch(1))]);
    await store.close();
    expect(flushes).toHaveLength(1);
    expect(flushes[0]).toMatchObject({ results: 6, bytes: statSync(join(folder, SHARD)).size });
  });
});

describe('the manifest of a GzipFileResultStore', () => {
  const newFolder = temporaryFolders();

  it('says that it is damaged, and that the results are not', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder);
    const manifest = {
      runId: 'run',
      evaluator: 'e',
      evaluatorVersion: '1',
      configurationHash: '',
      conventions: {},
      target: {},
      repetitions: 1,
      startedAt: 1,
      packageVersion: '0',
    };
    await store.begin(manifest);
    await store.append(batch(0));
    const name = readdirSync(folder).find((each) => each.startsWith('manifest-')) as string;
    writeFileSync(join(folder, name), '');
    const damaged = {
      code: 'ASSAY_STORE_CORRUPT',
      message: expect.stringContaining(join(folder, name)) as string,
    };
    await expect(store.manifest('run')).rejects.toMatchObject(damaged);
    await expect(store.begin(manifest)).rejects.toMatchObject(damaged);
    rmSync(join(folder, name));
    expect(await store.begin(manifest)).toEqual(manifest);
    await store.close();
    expect((await read(folder)).found).toEqual(ids(0));
  });
});

describe('layout file-per-result', () => {
  const newFolder = temporaryFolders();
  const filesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz'));

  it('gives each result a file with a safe name within the folder', async () => {
    const parent = newFolder();
    const folder = join(parent, 'results');
    const store = new GzipFileResultStore(folder, { layout: 'file-per-result' });
    await store.append(awkwardIds.map((id) => scoredResult({ caseId: id, runId: id })));
    await store.close();
    expect(readdirSync(parent)).toEqual(['results']);
    const names = filesIn(folder);
    expect(names).toHaveLength(awkwardIds.length);
    for (const name of names) {
      expect(name).toMatch(/^run-[\w-]{1,80}\/[0-9a-f]{2}\/[\w-]{1,90}\.json\.gz$/);
      const text = execFileSync('zcat', [join(folder, name)], { encoding: 'utf8' });
      expect(awkwardIds).toContain((JSON.parse(text) as CaseResult).caseId);
    }
  });

  it('leaves no unfinished file behind after the next open', async () => {
    const folder = newFolder();
    const options = { layout: 'file-per-result' } as const;
    const store = new GzipFileResultStore(folder, options);
    await store.append(batch(0));
    await store.close();
    const [name] = filesIn(folder) as [string];
    writeFileSync(`${join(folder, name)}.tmp`, 'half');
    const again = new GzipFileResultStore(folder, options);
    await again.append(batch(1));
    await again.close();
    expect(readdirSync(folder, { recursive: true }).filter((each) => String(each).endsWith('.tmp'))).toEqual(
      [],
    );
    expect(filesIn(folder)).toHaveLength(6);
  });

  it('leaves out a file that cannot be read, and says so', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder, { layout: 'file-per-result' });
    const recovered: Recovered[] = [];
    store.on('store:recovered', (event) => recovered.push(event));
    await store.append(batch(0));
    const [name] = filesIn(folder) as [string];
    truncateSync(join(folder, name), 30);
    const found: string[] = [];
    for await (const result of store.query()) found.push(result.caseId);
    expect(found).toHaveLength(2);
    expect(recovered[0]).toMatchObject({ file: join(folder, name), cutBytes: 30 });
    await store.close();
  });

  it('writes the folder again that somebody has removed', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder, { layout: 'file-per-result' });
    await store.append(batch(0));
    for (const name of readdirSync(folder)) {
      if (name.startsWith('run-')) rmSync(join(folder, name), { recursive: true });
    }
    mkdirSync(folder, { recursive: true });
    await store.append(batch(0)).catch(() => store.append(batch(0)));
    expect(filesIn(folder)).toHaveLength(3);
    await store.close();
  });
});

describe('a GzipFileResultStore that nobody closes', () => {
  const newFolder = temporaryFolders();

  it('lets the process end by itself, closed or not, and its lock is taken over', async () => {
    const folder = newFolder();
    for (const close of ['', 'await store.close();']) {
      const script = `
        const { GzipFileResultStore } = await import('./dist/stores/gzip/gzip-file-result-store.js');
        const { scoredResult } = await import('./dist/testing/sample-results.js');
        const store = new GzipFileResultStore(${JSON.stringify(folder)});
        await store.append([scoredResult()]);
        ${close}`;
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
    }
    await write(folder, 1);
    expect((await read(folder)).found).toEqual([...ids(1), 'case']);
    expect(readdirSync(folder).filter((name) => name.endsWith('lock'))).toEqual([]);
  });
});
