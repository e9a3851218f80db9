import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { readCsv } from '../../src/cases/read-csv.js';
import { readJsonl } from '../../src/cases/read-jsonl.js';
import type { CaseInput } from '../../src/cases/case-source.js';
import type { RunSummary } from '../../src/batch/summary/run-summary.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type { ModelInput } from '../../src/client/model-client.js';
import type { LoadBalancedClientOptions } from '../../src/client/client-options.js';
import { InputError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import {
  startFakeModelServer,
  type FakeModelServer,
  type FakeModelServerOptions,
} from '../../src/testing/index.js';

type TextCase = TestCase<ModelInput, string>;

let folder: string;
let closers: (() => Promise<unknown>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assaykit-bad-'));
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options?: FakeModelServerOptions): Promise<FakeModelServer> {
  const server = await startFakeModelServer(options);
  closers.push(() => server.close());
  return server;
}

interface Ended {
  readonly summary?: RunSummary;
  readonly error?: unknown;
  /** What a store that is opened afresh has. */
  readonly stored: readonly CaseResult[];
}

/** Runs cases over HTTP into a database, then opens the database anew. */
async function run(
  url: string,
  cases: CaseInput<TextCase>,
  options: Partial<LoadBalancedClientOptions> = {},
): Promise<Ended> {
  const path = join(folder, 'results.db');
  const store = new SqliteResultStore(path);
  const client = new LoadBalancedClient({
    endpoints: [url],
    model: 'm',
    retry: { maxRetries: 0 },
    ...options,
  });
  const processor = new BatchProcessor({
    target: client,
    evaluator: createEvaluator({ name: 'exact', version: '1', dimensions: { accuracy: exactMatch() } }),
    store,
    concurrency: 4,
    batchSize: 2,
  });
  let ended: { readonly summary?: RunSummary; readonly error?: unknown };
  try {
    ended = { summary: await processor.run(cases, { runId: 'bad' }) };
  } catch (error) {
    ended = { error };
  }
  await processor.close();
  await client.close();
  await store.close();
  const reopened = new SqliteResultStore(path);
  const stored: CaseResult[] = [];
  for await (const result of reopened.query({ runId: 'bad' })) stored.push(result);
  await reopened.close();
  return { ...ended, stored: stored.sort((a, b) => a.caseId.localeCompare(b.caseId)) };
}

const good = (count: number): TextCase[] =>
  Array.from({ length: count }, (_, i) => ({ id: `good-${i}`, input: `q${i}`, expected: `q${i}` }));

const ids = ({ stored }: Ended): string[] => stored.map(({ caseId }) => caseId);
const expectedIds = (count: number): string[] => good(count).map(({ id }) => id);

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const lines = (...rows: (object | string)[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

describe('broken input ends the run with a typed error, and what was done is stored', () => {
  it('a duplicate id', async () => {
    const { url } = await start();
    const ended = await run(url, [...good(5), { id: 'good-2', input: 'again' }, { id: 'after', input: 'x' }]);
    expect(ended.error).toBeInstanceOf(InputError);
    expect(ended.error).toMatchObject({ code: 'ASSAY_DUPLICATE_CASE', row: 6 });
    expect((ended.error as Error).message).toContain('"good-2"');
    expect(ids(ended)).toEqual(expectedIds(5));
    expect(ended.stored.every(({ outcome }) => outcome === 'scored')).toBe(true);
  });

  it('a missing field in an array', async () => {
    const { url } = await start();
    const ended = await run(url, [...good(3), { id: 'x', prompt: 'q' } as unknown as TextCase]);
    expect(ended.error).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 4 });
    expect((ended.error as Error).message).toMatch(/`input` of "x"/);
    expect(ids(ended)).toEqual(expectedIds(3));
  });

  it('a missing field in a JSONL file, by file and line', async () => {
    const { url } = await start();
    const path = file('cases.jsonl', lines(...good(3), { input: 'no id' }));
    const ended = await run(url, readJsonl(path));
    expect(ended.error).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 4, source: path });
    expect((ended.error as Error).message).toContain(`${path}:4: Expected \`id\``);
    expect(ids(ended)).toEqual(expectedIds(3));
  });

  it('a broken JSONL line, by file and line', async () => {
    const { url } = await start();
    const path = file(
      'cases.jsonl',
      lines(...good(4), '{"id": "broken", "input": ', { id: 'after', input: 'x' }),
    );
    const ended = await run(url, readJsonl(path));
    expect(ended.error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', row: 5, source: path });
    expect((ended.error as Error).message).toContain(`${path}:5: invalid JSON`);
    expect(ids(ended)).toEqual(expectedIds(4));
  });

  it('a broken CSV record, by file and line', async () => {
    const { url } = await start();
    const path = file('cases.csv', 'id,input,expected\ngood-0,q0,q0\ngood-1,"q1",q1\nbad,"never closed\n');
    const ended = await run(url, readCsv(path));
    expect(ended.error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', row: 4, source: path });
    expect(ids(ended)).toEqual(expectedIds(2));
  });

  it('a file that is not there', async () => {
    const { url } = await start();
    const ended = await run(url, readJsonl(join(folder, 'nowhere.jsonl')));
    expect(ended.error).toMatchObject({ code: 'ASSAY_INVALID_INPUT' });
    expect((ended.error as Error).message).toContain('ENOENT');
    expect(ended.stored).toEqual([]);
  });

  it.each([
    ['an array', () => []],
    ['a file', () => readJsonl<string, string>(file('empty.jsonl', '\n\n'))],
  ])('no case at all in %s', async (_title, cases) => {
    const { url } = await start();
    const ended = await run(url, cases());
    expect(ended.error).toMatchObject({ code: 'ASSAY_EMPTY_INPUT' });
    expect(ended.stored).toEqual([]);
  });

  it('a source that breaks', async () => {
    const { url } = await start();
    async function* breaking() {
      yield* good(3);
      throw new Error('the database went away');
    }
    const ended = await run(url, breaking());
    expect((ended.error as Error).message).toContain('the database went away');
    expect(ids(ended)).toEqual(expectedIds(3));
  });
});

describe('a failing endpoint makes errored cases with a code, and the others are stored', () => {
  const broken: readonly (readonly [string, FakeModelServerOptions['reply'], RegExp])[] = [
    ['a reply that is no JSON', () => ({ body: '<html>Bad gateway</html>' }), /^ASSAY_MALFORMED_RESPONSE$/],
    ['a reply that is cut off', () => ({ text: 'x', fault: 'malformed' }), /^ASSAY_MALFORMED_RESPONSE$/],
    ['a reply without choices', () => ({ body: { choices: [] } }), /^ASSAY_(EMPTY|MALFORMED)_RESPONSE$/],
    [
      'a reply without text',
      () => ({ body: { choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }] } }),
      /^ASSAY_EMPTY_RESPONSE$/,
    ],
    ['a reset connection', () => ({ fault: 'reset' }), /^ASSAY_CONNECT$/],
    ['an error of the server', () => ({ status: 500 }), /^ASSAY_SERVER$/],
    ['a refused request', () => ({ status: 400 }), /^ASSAY_BAD_REQUEST$/],
  ];

  it.each(broken)('%s', async (_title, reply, code) => {
    const { url } = await start({
      reply: (request) => (request.prompt === 'bad' ? reply!(request) : request.prompt),
    });
    const { summary, error, stored } = await run(url, [
      ...good(3),
      { id: 'bad', input: 'bad', expected: 'x' },
      { id: 'last', input: 'q', expected: 'q' },
    ]);
    expect(error).toBeUndefined();
    expect(summary).toMatchObject({ submitted: 5, scored: 4, errored: 1, unscored: 0 });
    const bad = stored.find(({ caseId }) => caseId === 'bad')!;
    expect(bad.outcome).toBe('errored');
    expect(bad.error?.code).toMatch(code);
    expect(bad.error?.message).not.toBe('');
    expect(stored).toHaveLength(5);
    expect(summary!.overall).toMatchObject({ scored: 4, mean: 1 });
    expect(summary!.errorsByCode).toEqual({ [bad.error!.code]: 1 });
  });

  it('a wrong key', async () => {
    const { url } = await start({ apiKey: 'right' });
    const { summary, stored } = await run(url, good(6), { apiKey: 'wrong', waitForHealthyMs: 200 });
    expect(summary).toMatchObject({ submitted: 6, scored: 0, errored: 6 });
    expect(stored).toHaveLength(6);
    const codes = new Set(stored.map(({ error }) => error?.code));
    expect(codes).toContain('ASSAY_AUTHENTICATION');
    expect(JSON.stringify(stored)).not.toContain('wrong');
    expect(summary!.overall.mean).toBeNull();
  });

  it('an endpoint that nobody listens at', async () => {
    const port = await unusedPort();
    const { summary, stored } = await run(`http://127.0.0.1:${port}/v1`, good(6), { waitForHealthyMs: 200 });
    expect(summary).toMatchObject({ submitted: 6, scored: 0, errored: 6 });
    expect(stored).toHaveLength(6);
    expect(new Set(stored.map(({ error }) => error?.code))).toContain('ASSAY_CONNECT');
  });

  it('an endpoint that goes away in the middle of the run', async () => {
    const server = await start({
      reply: async ({ prompt, index }) => {
        if (index === 3) await server.close();
        return prompt;
      },
    });
    const { summary, stored } = await run(server.url, good(8), { waitForHealthyMs: 200 });
    expect(summary!.submitted).toBe(8);
    expect(summary!.scored).toBeGreaterThan(0);
    expect(summary!.errored).toBeGreaterThan(0);
    expect(summary!.scored + summary!.errored).toBe(8);
    expect(stored.filter(({ outcome }) => outcome === 'scored')).toHaveLength(summary!.scored);
  });
});

async function unusedPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
