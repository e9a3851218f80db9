import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { startFakeModelServer } from '../../src/testing/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs an example as its user does; it must end by itself. */
function run(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  if (!existsSync(resolve(root, 'dist/index.js')))
    throw new Error('examples use the built package: npm run build first');
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, [resolve(root, 'examples', name), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => settle({ code, out, err }));
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assaykit-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the examples', () => {
  it('are all run here', () => {
    const programs = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'));
    expect(programs.sort()).toEqual([
      'agent.mjs',
      'batch-to-gzip.mjs',
      'batch-to-sqlite-and-query.mjs',
      'compare-prompts.mjs',
      'custom-evaluator.mjs',
      'eval.mjs',
      'function-target.mjs',
      'html-report.mjs',
      'main-job.mjs',
      'quickstart.mjs',
      'retrieval.mjs',
      'sample-cases.mjs', // the questions of main-job
    ]);
  });

  it('quickstart: scores three answers of a model server', async () => {
    const { code, out, err } = await run('quickstart.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('france scored 1 Paris\n');
    expect(out).toContain('turkey scored 0 Istanbul\n');
    expect(out).toContain('3 submitted = 3 scored + 0 unscored + 0 errored + 0 skipped');
    expect(out).toMatch(/accuracy +0\.6667/);
  });

  it('eval: is run by the command line', async () => {
    const cli = join(root, 'dist/doors/cli.js');
    const words = ['run', join(root, 'examples/eval.mjs'), '--run-id', 'monday', '--quiet'];
    const child = spawn(process.execPath, [cli, ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((settle) => child.on('close', settle));
    expect([code, err]).toEqual([4, '']); // some cases errored
    expect(out).toContain('240 submitted = 230 scored + 4 unscored + 6 errored + 0 skipped');
    expect(out).toMatch(/^0\.00 {2}sum-6$/m);
  });

  it('function-target: streams the results of a pipeline, its failure too', async () => {
    const { code, out, err } = await run('function-target.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').sort().slice(1)).toEqual([
      'bridge scored mentions 0.00, brevity 1.00',
      'danube scored mentions 1.00, brevity 0.88',
      'lake errored no document about lakes',
    ]);
  });

  it('custom-evaluator: judges by a subclass, alone and in a run', async () => {
    const { code, out, err } = await run('custom-evaluator.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('one-off 0.65 missing: Sydney');
    expect(out).toMatch(/coverage +0\.7500/);
    expect(out).toContain('6 scored');
  });

  it('batch-to-gzip: stores 500 results in compressed files and reads them back', async () => {
    const { code, out, err } = await run('batch-to-gzip.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out.match(/stored 100, mean 0\.9/g)).toHaveLength(5);
    expect(out).toContain('500 scored, mean 0.9');
    expect(out).toMatch(/[1-9]\d* gzip files/);
    expect(out).toContain('50 wrong answers read back');
  });

  it('batch-to-sqlite-and-query: resumes and asks the store', async () => {
    const { code, out, err } = await run('batch-to-sqlite-and-query.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('second start: 2 scored, 2 skipped, 4 asked in all');
    expect(out).toContain('mean over the whole run: 0.75');
    expect(out).toContain('right: europe/belgium "It is Brussels."');
    expect(out).toContain('wrong: america/chile');
    expect(out).not.toContain('right: america');
  });

  it('agent: scores calls and what they leave behind, and says what a solved case costs', async () => {
    const { code, out, err } = await run('agent.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('apples answer after 3 turns: basket 1.00, way 1.00, steps 1.00\n');
    expect(out).toContain('eggs max-turns after 4 turns: basket 0.00, way 0.25, steps 0.00\n');
    expect(out).toContain('  extra: add_to_basket({"item":"kiwi","count":"3"})\n');
    expect(out).toMatch(/basket +0\.9167/);
    expect(out).toMatch(/^11 solved; a solved case costs 0\.0\d+ \(95 % CI 0\.0\d+ to 0\.\d+\)$/m);
  });

  it('retrieval: measures a search and judges its answers claim by claim', async () => {
    const { code, out, err } = await run('retrieval.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('opened recall 1.00, ndcg 1.00, faithful 1.00\n');
    expect(out).toContain('painted recall 0.00, ndcg 0.00, faithful 0.50\n');
    expect(out).toContain('danube recall the case calls nothing relevant');
    expect(out).toContain('judges      6 calls');
  });

  it('compare-prompts: runs a matrix, and asks nothing when it is resumed', async () => {
    const { code, out, err } = await run('compare-prompts.mjs');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^small {2}shown {3}0\.8667/m);
    expect(out).toMatch(/^small\/shown - small\/plain {2}120 .* better$/m);
    expect(out).toMatch(/^small\/terse - small\/plain {2}120 .* no difference found$/m);
    expect(out).toContain('720 calls, and 0 more when resumed (120 skipped)');
  });
});

describe('the report', () => {
  it('html-report: writes what got worse into one page', async () => {
    const { code, out, err } = await run('html-report.mjs', ['day.html']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^day\.html: 240 of 240 cases, \d+ kB\n$/);
    const page = readFileSync(join(folder, 'day.html'), 'utf8');
    expect(page).toMatch(/<p class="verdict \w+" dir="auto">[^<]+ monday/);
  });
});

async function stored(path: string): Promise<CaseResult[]> {
  const store = new SqliteResultStore(path);
  const results: CaseResult[] = [];
  for await (const result of store.query()) results.push(result);
  await store.close();
  return results;
}

describe('the main job', () => {
  it('evaluates the sample set over HTTP into SQLite and shows what came out', async () => {
    const { code, out, err } = await run('main-job.mjs', ['--concurrency', '32']);
    expect(code).toBe(0);
    expect(out).toMatch(/Asking a fake model server at http:\/\/127\.0\.0\.1:\d+\/v1/);
    expect(out).toContain('240 submitted = 230 scored + 4 unscored + 6 errored + 0 skipped');
    expect(out).toMatch(/accuracy +0\.8\d+ +SE 0\.0\d+ +95 % CI 0\.\d+ to 0\.\d+ \(wilson\) +n 230/);
    expect(out).toMatch(/groups +macro mean .* over 2 groups/);
    expect(out).toMatch(/latency +p50 \d+ ms, p95 \d+ ms, p99 \d+ ms/);
    expect(out).toMatch(/throughput +[\d.]+ results\/s/);
    expect(out).toContain(
      'ASSAY_BAD_REQUEST 2, ASSAY_CONTENT_FILTER 1, ASSAY_CONTEXT_LENGTH 1, ASSAY_EMPTY_RESPONSE 1, ASSAY_MALFORMED_RESPONSE 1',
    );
    expect(out.match(/^0\.00 {2}\S+$/gm)).toHaveLength(3); // the worst
    expect(out).toMatch(
      /^ {2}asked +".+"\n {2}answered +.+\n {2}expected +.+\n {2}because +read the number \d+$/m,
    );
    expect(out).toContain('First error: ASSAY_');
    expect(out).toContain('npm start -- --base-url');
    expect(err).toMatch(/240 done|240\/240/); // the progress, as lines since this is no terminal
    const results = await stored(join(folder, 'results/assaykit.db'));
    expect(results).toHaveLength(240);
    const count = (outcome: string): number => results.filter((each) => each.outcome === outcome).length;
    expect([count('scored'), count('unscored'), count('errored')]).toEqual([230, 4, 6]);
  });

  it('evaluates a server of the host’s with its key and cases, and resumes by run id', async () => {
    const server = await startFakeModelServer({
      responses: { 'Capital of France?': 'It is PARIS.', '2+3?': 'That makes 5.0', '2+4?': '7' },
      apiKey: 'sesame',
    });
    const cases = join(folder, 'cases.jsonl');
    const rows = [
      { id: 'france', input: 'Capital of France?', expected: 'Paris' },
      { id: 'five', input: '2+3?', expected: '5' },
      { id: 'six', input: '2+4?', expected: 6 },
    ];
    writeFileSync(cases, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const args = ['--base-url', server.url, '--model', 'host', '--api-key-env', 'MY_KEY', '--cases', cases];
    args.push('--store', 'other/own.db', '--run-id', 'mine');
    const first = await run('main-job.mjs', args, { MY_KEY: 'sesame' });
    expect(first.code).toBe(0);
    expect(first.out).toContain('Run mine');
    expect(first.out).toContain('3 submitted = 3 scored');
    expect(first.out).toMatch(/accuracy +0\.6667/);
    expect(first.out).not.toContain('fake');
    const results = await stored(join(folder, 'other/own.db'));
    expect(new Set(results.map(({ model }) => model))).toEqual(new Set(['host']));
    const second = await run('main-job.mjs', args, { MY_KEY: 'sesame' });
    expect(second.out).toContain('3 submitted = 0 scored + 0 unscored + 0 errored + 3 skipped');
    expect(second.out).toMatch(/accuracy +0\.6667/);
    expect(server.stats.requests).toBe(3);
    await server.close();
  });

  it('reads CSV too', async () => {
    const server = await startFakeModelServer({ responses: { 'Capital of Peru?': 'Lima' } });
    const cases = join(folder, 'cases.csv');
    writeFileSync(cases, 'id,input,expected\nperu,Capital of Peru?,Lima\n');
    const { code, out } = await run('main-job.mjs', [
      '--base-url',
      server.url,
      '--model',
      'm',
      '--cases',
      cases,
    ]);
    expect([code, out.includes('1 submitted = 1 scored')]).toEqual([0, true]);
    await server.close();
  });

  it('fails when every case fails, and says why', async () => {
    const server = await startFakeModelServer({ apiKey: 'sesame' });
    const cases = join(folder, 'unauthorised.jsonl');
    writeFileSync(cases, '{"id":"a","input":"q","expected":"x"}\n');
    const { code, out } = await run('main-job.mjs', [
      '--base-url',
      server.url,
      '--model',
      'm',
      '--cases',
      cases,
    ]);
    await server.close();
    expect(code).toBe(1);
    expect(out).toContain('1 submitted = 0 scored + 0 unscored + 1 errored');
    expect(out).toContain('First error: ASSAY_AUTHENTICATION');
    expect(out).toContain('Every case failed.');
  });

  it('prints its help', async () => {
    const { code, out, err } = await run('main-job.mjs', ['--help']);
    expect([code, err]).toEqual([0, '']);
    for (const option of ['--base-url', '--model', '--api-key-env', '--cases', '--store', '--concurrency']) {
      expect(out).toContain(option);
    }
  });

  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['--baseurl', 'x'], "Unknown option '--baseurl'"],
    [['surplus'], "Unexpected argument 'surplus'"],
    [['--concurrency', '0'], "--concurrency must be a whole number >= 1, got '0'"],
    [['--concurrency', 'many'], "got 'many'"],
    [
      ['--base-url', 'gpu1:8000', '--model', 'm'],
      "--base-url must be a URL such as http://localhost:8000/v1, got 'gpu1:8000'",
    ],
    [['--base-url', 'http://gpu1:8000/v1'], '--base-url needs --model'],
    [['--cases', 'x.jsonl'], '--cases needs --base-url'],
    [['--api-key-env', 'NO_SUCH_VARIABLE'], 'the environment variable NO_SUCH_VARIABLE is not set'],
  ];

  it.each(wrong)('says what is wrong with %j', async (args, message) => {
    const { code, out, err } = await run('main-job.mjs', args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain('--help');
    expect(err).not.toContain('    at ');
    expect(out).toBe('');
  });

  it('says what is wrong with the cases, by file and line', async () => {
    const cases = join(folder, 'broken.jsonl');
    writeFileSync(cases, '{"id":"a","input":"q"}\n{"id":"b"\n');
    const server = await startFakeModelServer();
    const { code, err } = await run('main-job.mjs', [
      '--base-url',
      server.url,
      '--model',
      'm',
      '--cases',
      cases,
    ]);
    await server.close();
    expect(code).toBe(1);
    expect(err).toContain(`ASSAY_INVALID_INPUT: ${cases}:2: invalid JSON`);
    expect(err).not.toContain('    at ');
  });
});
