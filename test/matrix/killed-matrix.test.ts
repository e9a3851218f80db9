import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteResultStore } from '../../src/sqlite.js';
import { startFakeModelServer } from '../../src/testing/index.js';

const program = fileURLToPath(new URL('./matrix-child.mjs', import.meta.url));
const PROMPTS: Readonly<Record<string, string>> = { '': 'plain', ', briefly': 'brief', ', please': 'polite' };
const RESULTS = 4 * 3 * 500;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'assaykit-matrix-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a matrix of 4 models, 3 prompts and 500 cases', () => {
  it('is gone on with after kills: no call is repeated whose result was stored', async () => {
    const calls = new Map<string, number>();
    const server = await startFakeModelServer({
      reply: ({ model, prompt }) => {
        const [, id, tail = ''] = /^question (\d+)(.*)$/.exec(prompt)!;
        const key = `m/${model}/${PROMPTS[tail]} c${id}`;
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return Number(id) % 3 === 0 ? 'no' : 'yes';
      },
    });
    const path = join(folder, 'results.db');
    const start = () =>
      spawn(process.execPath, [program, JSON.stringify({ url: server.url, path })], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const storedKeys = async (): Promise<Set<string>> => {
      const store = new SqliteResultStore(path);
      const keys = new Set<string>();
      for await (const { runId, caseId } of store.query()) keys.add(`${runId} ${caseId}`);
      await store.close();
      return keys;
    };
    let stored = new Set<string>();
    let callsBefore = new Map<string, number>();
    const repeatedOfStored = (): string[] =>
      [...stored].filter((key) => calls.get(key) !== callsBefore.get(key));
    for (const until of [1500, 4000]) {
      const child = start();
      while (calls.size < until) await new Promise((resolve) => setTimeout(resolve, 2));
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(repeatedOfStored()).toEqual([]);
      stored = await storedKeys();
      callsBefore = new Map(calls);
      expect(stored.size).toBeGreaterThan(until / 2);
      expect(stored.size).toBeLessThan(RESULTS);
    }
    const last = start();
    let out = '';
    last.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const [code] = (await once(last, 'close')) as [number];
    await server.close();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      stopReason: 'end',
      scored: Array.from({ length: 12 }, () => 500),
      comparisons: Array.from({ length: 11 }, () => 500),
    });
    expect(repeatedOfStored()).toEqual([]);
    expect((await storedKeys()).size).toBe(RESULTS);
    expect(calls.size).toBe(RESULTS);
    // what was answered and not yet stored at a kill is all that was asked twice: what lanes and batches may hold
    const again = [...calls.values()].reduce((sum, n) => sum + n, 0) - RESULTS;
    expect(again).toBeLessThanOrEqual(2 * (24 + 12 * 21));
    console.log(
      `${again} of ${RESULTS} calls were asked again after two kills; none of ${stored.size} stored ones`,
    );
  }, 120_000);
});
