import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteResultStore } from '../../src/sqlite.js';
import { startFakeModelServer } from '../../src/testing/index.js';

const program = fileURLToPath(new URL('./matrix-child.mjs', import.meta.url));
const PROMPTS: Readonly<Record<string, string>> = { '': 'plain', ', briefly': 'brief', ', please': 'polite' };
const RESULTS = 4 * 3 * 500;
const CONCURRENCY = 24; // of the program

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'assaykit-matrix-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a matrix of 4 models, 3 prompts and 500 cases', () => {
  it('is gone on with after kills: only what was in flight, or answered a moment before, is asked again', async () => {
    const calls = new Map<string, number>();
    const keyOf = (model: string, prompt: string): string => {
      const [, id, tail = ''] = /^question (\d+)(.*)$/.exec(prompt)!;
      return `m/${model}/${PROMPTS[tail]} c${id}`;
    };
    const server = await startFakeModelServer({
      reply: ({ model, prompt }) => {
        const key = keyOf(model, prompt);
        const [, id] = / c(\d+)$/.exec(key)!;
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return Number(id) % 3 === 0 ? 'no' : 'yes';
      },
    });
    const path = join(folder, 'results.db');
    const answered = join(folder, 'answered');
    const start = () =>
      spawn(process.execPath, [program, JSON.stringify({ url: server.url, path, answered })], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const storedKeys = async (): Promise<Set<string>> => {
      const store = new SqliteResultStore(path);
      const keys = new Set<string>();
      for await (const { runId, caseId } of store.query()) keys.add(`${runId} ${caseId}`);
      await store.close();
      return keys;
    };
    const answeredKeys = (): Set<string> =>
      new Set(
        readFileSync(answered, 'utf8')
          .trim()
          .split('\n')
          .map((line) => keyOf(...(line.split('|') as [string, string]))),
      );
    let [inFlight, unstored] = [0, 0];
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
      const known = answeredKeys();
      const flying = [...calls.keys()].filter((key) => !known.has(key)).length;
      expect(flying).toBeLessThanOrEqual(CONCURRENCY);
      inFlight += flying;
      unstored += [...known].filter((key) => !stored.has(key)).length;
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
    const again = [...calls.values()].reduce((sum, n) => sum + n, 0) - RESULTS;
    expect(again).toBe(inFlight + unstored);
    // the answers of 50 ms, and no more than batches of 12 runs may hold
    expect(unstored).toBeLessThanOrEqual(2 * 12 * 21);
    console.log(
      `${again} of ${RESULTS} calls were asked again after two kills: ${inFlight} had been in flight, ${unstored} were ` +
        `answered and not stored yet; none of ${stored.size} stored ones`,
    );
  }, 120_000);
});
