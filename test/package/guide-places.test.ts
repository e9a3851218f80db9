import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder, runProgram, type Ended } from '../support/consumer-folder.js';
import { compiledProgram } from '../support/guide-programs.js';

const TESTS = 'docs/guides/in-your-tests.md';
const SERVICE = 'docs/guides/in-a-service.md';
const page = (name: string): string => readFileSync(resolve(import.meta.dirname, '../..', name), 'utf8');

/** The assistant under test: right in `right` of 40 sums. */
const assistant = (right: number): string => `
export const answer = async (question) => {
  const [a, b] = question.match(/\\d+/g).map(Number);
  return 'The sum is ' + (a < ${right} ? a + b : a + b + 1) + '.';
};`;

describe('the guides for places', () => {
  let folder: ConsumerFolder;
  const run = (args: readonly string[]): Promise<Ended> => {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|NODE_TEST|TEST$|JEST)/.test(name),
    );
    return runProgram(process.execPath, args, { cwd: folder.path, env: Object.fromEntries(own) });
  };
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    for (const peer of ['better-sqlite3', 'vitest']) await folder.link(peer);
    for (const file of ['suite.js', 'sums.vitest.test.js', 'sums.test.js'])
      await folder.write(file, compiledProgram(TESTS, file));
  }, 180_000);
  afterAll(() => folder?.remove());

  it.each([
    ['Vitest', ['node_modules/vitest/vitest.mjs', 'run', 'sums.vitest.test.js']],
    ['node:test', ['--test', 'sums.test.js']],
  ])('%s is green for an assistant that can add, and red for one that cannot', async (_runner, args) => {
    await folder.write('assistant.js', assistant(40));
    expect((await run(args)).status).toBe(0);
    await folder.write('assistant.js', assistant(20));
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('accuracy at least 0.8');
  });

  it('the route of Next.js scores an answer, and says what is wrong with a request', async () => {
    await folder.write('route.js', compiledProgram(SERVICE, 'app/api/score/route.js'));
    await folder.write(
      'ask-route.js',
      `
import { POST } from './route.js';
const ask = async (body) => {
  const response = await POST(new Request('http://localhost/api/score', { method: 'POST', body: JSON.stringify(body) }));
  return [response.status, await response.json()];
};
const [status, { overallScore }] = await ask({ id: '1', question: 'Capital?', answer: 'Paris', expected: 'Paris' });
const [refused, { error }] = await ask({ id: '2', question: 'Capital?', expected: 'Paris' });
console.log(JSON.stringify({ status, overallScore, refused, error: typeof error }));
`,
    );
    const { stdout, stderr } = await folder.node('ask-route.js');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ status: 200, overallScore: 1, refused: 400, error: 'string' });
  });

  it('the consumer acknowledges what is stored, asks nothing twice, and leaves what could not be stored', async () => {
    await folder.write('consumer.js', compiledProgram(SERVICE, 'consumer.ts'));
    await folder.write(
      'queue.js',
      `
import { rmSync, mkdirSync } from 'node:fs';
import { SqliteResultStore } from 'assaykit/sqlite';
import { consume } from './consumer.js';

/** Delivers again whatever nobody has acknowledged, and some things twice. */
class MemoryQueue {
  constructor(bodies) { this.waiting = [...bodies]; }
  async receive(most) {
    const bodies = this.waiting.slice(0, most);
    return bodies.map((body) => ({
      body,
      acknowledge: async () => { this.waiting = this.waiting.filter((each) => each !== body); },
    }));
  }
}
const body = (i) => ({ id: 'm' + i, input: 'q' + i, expected: i % 2 ? 'yes' : 'no' });
let asked = 0;
const answer = async () => (asked++, 'yes');
const first = Array.from({ length: 120 }, (_, i) => body(i));

mkdirSync('answers.db'); // a folder in the place of the file: nothing can be stored
const broken = new MemoryQueue(first);
const failure = await consume(broken, { answer, runId: 'live' }).catch((error) => error.code);
const kept = broken.waiting.length;
rmSync('answers.db', { recursive: true });

asked = 0;
const queue = new MemoryQueue([...first, body(3), body(119)]);
await consume(queue, { answer, runId: 'live' });
const again = new MemoryQueue([body(5), body(120)]); // another start, one message that came before
await consume(again, { answer, runId: 'live' });
const store = new SqliteResultStore('answers.db');
const outcomes = {};
for await (const { outcome } of store.query({ runId: 'live' })) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
await store.close();
console.log(JSON.stringify({ failure, kept, asked, left: queue.waiting.length + again.waiting.length, outcomes }));
`,
    );
    const { stdout, stderr } = await folder.node('queue.js');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      failure: expect.stringMatching(/^ASSAY_STORE_/),
      kept: 120,
      asked: 121,
      left: 0,
      outcomes: { scored: 121 },
    });
  });

  it('the function on Lambda answers call after call, and before its time is up', async () => {
    await folder.write('handler.js', compiledProgram(SERVICE, 'handler.ts'));
    await folder.write(
      'lambda.js',
      `
import { startFakeModelServer } from 'assaykit/testing';
const server = await startFakeModelServer({ reply: ({ prompt }) => prompt.includes('hang') ? { fault: 'hang' } : 'Paris' });
process.env.MODEL_URL = server.url;
const { handler } = await import('./handler.js');
const cases = [{ id: 'a', input: 'Capital?', expected: 'Paris' }, { id: 'b', input: 'Other?', expected: 'Lima' }];
const context = (ms) => ({ getRemainingTimeInMillis: () => ms });
const calls = [await handler({ cases }, context(60_000)), await handler({ cases }, context(60_000))];
const late = await handler({ cases: [...cases, { id: 'c', input: 'hang', expected: 'x' }] }, context(4000));
console.log(JSON.stringify({
  calls: calls.map(({ summary, results }) => [summary.scored, summary.overall.mean, results.length]),
  late: [late.summary.stopReason, late.summary.scored],
}));
process.exit(); // Lambda does not wait for the connections either
`,
    );
    const { stdout, stderr } = await folder.node('lambda.js');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      calls: [
        [2, 0.5, 2],
        [2, 0.5, 2],
      ],
      late: ['aborted', 2],
    });
  });

  it('live answers are scored from their log and scored again without it, as the guide prints', async () => {
    await folder.write('score-live.js', compiledProgram(SERVICE, 'score-live.ts'));
    const lines = ['It is Paris.', 'Sorry, I do not know.', 'In 1932.'].map((answer, i) =>
      JSON.stringify({ id: `a${i}`, question: `Question ${i}?`, answer }),
    );
    await folder.write('answers.jsonl', lines.join('\n'));
    const { stdout, stderr } = await folder.node('score-live.js');
    expect(stderr).toBe('');
    const printed = /```ts score-live\.ts\n[^]*?```\n\n```text\n([^]*?)```/.exec(page(SERVICE))?.[1];
    expect(stdout).toBe(printed);
  });
});
