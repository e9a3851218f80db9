import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import v8 from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import type { CaseResult } from '../../../src/evaluation/evaluation-types.js';
import { decodePart, encodeInParts } from '../../../src/stores/sqlite/encoded-parts.js';
import type { ResultStoreEvents } from '../../../src/stores/result-store.js';
import { openDatabase } from '../../../src/stores/sqlite/sqlite-driver.js';
import { SqliteResultStore } from '../../../src/stores/sqlite/sqlite-result-store.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

const MANY = 250; // three parts
const caseId = (i: number): string => `case-${String(i).padStart(3, '0')}`;
const rows = (metadataOfLast?: object): CaseResult[] =>
  Array.from({ length: MANY }, (_, i) =>
    scoredResult({
      caseId: caseId(i),
      startedAt: i,
      ...(i === MANY - 1 && metadataOfLast !== undefined ? { metadata: metadataOfLast } : {}),
    }),
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function stored(store: SqliteResultStore): Promise<CaseResult[]> {
  const found: CaseResult[] = [];
  for await (const result of store.query()) found.push(result);
  return found;
}

describe('an append that goes to the thread in several parts', () => {
  const newFolder = temporaryFolders();
  const newPath = (): string => join(newFolder(), 'results.db');
  const open = (path = newPath()): SqliteResultStore => new SqliteResultStore(path, { thread: 'worker' });

  it('leaves the event loop a turn between two parts', async () => {
    let turns = 0;
    let encoded = false;
    const encoding = encodeInParts(rows()).then((parts) => {
      encoded = true;
      return parts;
    });
    for (; !encoded; turns++) await turn();
    const parts = (await encoding).map(decodePart);
    expect(parts.map((part) => part.length)).toEqual([100, 100, 50]);
    expect(parts.flat()).toEqual(rows());
    expect(turns).toBeGreaterThanOrEqual(parts.length - 1);
  });

  it('is one flush, in its order', async () => {
    const store = open();
    const flushes: ResultStoreEvents['store:flush'][] = [];
    store.on('store:flush', (event) => flushes.push(event));
    await store.append(rows());
    expect(flushes.map(({ results }) => results)).toEqual([MANY]);
    expect(await stored(store)).toEqual(rows());
    await store.close();
  });

  it('is stored whole or not at all', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const unencodable = { ...cyclic, call: () => 'not data' };
    const store = open();
    for (const metadata of [cyclic, unencodable]) {
      await expect(store.append(rows(metadata))).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
      expect(await stored(store)).toEqual([]);
    }
    await store.append(rows());
    expect(await stored(store)).toHaveLength(MANY);
    await store.close();
  });

  it('may hold something that cannot be copied between threads in its last part', async () => {
    const store = open();
    await store.append(rows({ kept: 1, call: () => 'not data' }));
    expect(await stored(store)).toEqual(rows({ kept: 1 }));
    await store.close();
  });

  it('is not overtaken by a call that comes after it', async () => {
    const store = open();
    await store.manifest('run'); // opens the file
    const appended = store.append(rows());
    await turn(); // the append is on its way
    expect(await store.finishedKeys('run', [{ caseId: caseId(MANY - 1), repetition: 0 }])).toEqual([
      'scored',
    ]);
    await appended;
    await store.close();
  });

  it('is stored when the store is closed meanwhile', async () => {
    const path = newPath();
    const store = open(path);
    const appended = store.append(rows());
    await turn(); // the append is on its way
    await Promise.all([store.close(), appended]);
    const again = open(path);
    expect(await stored(again)).toHaveLength(MANY);
    await again.close();
  });

  it('is rejected when the thread dies meanwhile, and can be tried again', async () => {
    const path = newPath();
    const threads: Worker[] = [];
    const seen = (thread: Worker): void => void threads.push(thread);
    process.on('worker', seen);
    const store = open(path);
    await store.manifest('run'); // starts the thread
    const other = await openDatabase(path, { driver: 'auto' });
    other.exec('BEGIN IMMEDIATE'); // the append must wait, whatever the threads' timing
    const caught = expect(store.append(rows())).rejects.toMatchObject({
      code: 'ASSAY_WORKER_CRASHED',
      retryable: true,
    });
    await turn(); // the append is on its way
    await threads[0]?.terminate();
    await caught;
    other.exec('COMMIT');
    other.close();
    await store.append(rows());
    expect(await stored(store)).toEqual(rows());
    await store.close();
    process.off('worker', seen);
  });

  it('moves parts out of shared memory, which is what Bun encodes into and no thread can be given', async () => {
    const serialize = v8.serialize;
    const shared = vi.spyOn(v8, 'serialize').mockImplementation((value) => {
      const bytes = serialize(value);
      const copy = Buffer.from(new SharedArrayBuffer(bytes.length));
      bytes.copy(copy);
      return copy as unknown as Buffer<ArrayBuffer>;
    });
    syncBuiltinESMExports();
    try {
      const parts = await encodeInParts(rows());
      expect(shared).toHaveBeenCalledTimes(3);
      const moved = structuredClone(parts, { transfer: parts.map(({ buffer }) => buffer as ArrayBuffer) });
      expect(moved.flatMap(decodePart)).toEqual(rows());
    } finally {
      shared.mockRestore();
      syncBuiltinESMExports();
    }
  });
});
