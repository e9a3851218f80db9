import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder, runProgram } from '../support/consumer-folder.js';
import { startFakeModelServer } from '../../src/testing/index.js';
import { compiledProgram } from '../support/guide-programs.js';
import { postgresMissing, PostgresServer } from '../support/postgres-server.mjs';

describe('the programs that guides show whole', () => {
  let folder: ConsumerFolder;
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
  }, 180_000);
  afterAll(() => folder?.remove());

  it('the store of the guide on stores passes the contract of stores', async () => {
    for (const file of ['journal-store', 'journal-store.test'])
      await folder.write(`${file}.js`, compiledProgram('docs/guides/stores.md', `${file}.ts`));
    const { status, stdout, stderr } = await runProgram(
      process.execPath,
      ['--test', '--test-reporter=tap', 'journal-store.test.js'],
      { cwd: folder.path, timeoutMs: 120_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
    );
    expect(stdout).toContain('# fail 0');
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(30);
    expect([status, stderr]).toEqual([0, '']);
  }, 150_000);

  it.skipIf(postgresMissing !== undefined)(
    'the programs of the guide on more than one machine do a run together',
    async () => {
      for (const peer of ['bullmq', 'pg']) await folder.link(peer);
      for (const file of ['evaluation', 'enqueue', 'worker', 'summary'])
        await folder.write(
          `${file}.js`,
          compiledProgram('docs/guides/more-than-one-machine.md', `${file}.ts`),
        );
      const cases = Array.from({ length: 60 }, (_, i) => ({
        id: `c${i}`,
        input: `say ${i}`,
        expected: 'Paris',
      }));
      await folder.write('cases.jsonl', cases.map((each) => JSON.stringify(each)).join('\n'));
      const database = await PostgresServer.start();
      const model = await startFakeModelServer({ reply: () => 'Paris' });
      const env = { ...process.env, DATABASE_URL: database.connectionString, MODEL_URL: model.url };
      const run = (file: string): ReturnType<typeof runProgram> =>
        runProgram(process.execPath, [file], { cwd: folder.path, timeoutMs: 120_000, env });
      try {
        expect(await run('enqueue.js')).toMatchObject({
          status: 0,
          stdout: '60 cases in 2 batches\n',
          stderr: '',
        });
        const worker = spawn(process.execPath, ['worker.js'], { cwd: folder.path, env, stdio: 'ignore' });
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        expect(await run('summary.js')).toMatchObject({
          status: 0,
          stdout: expect.stringContaining('60 submitted = 60 scored'),
        });
        worker.kill('SIGTERM');
        expect(await ended).toBe(0);
      } finally {
        await model.close();
        await database.close();
      }
    },
    300_000,
  );

  it('the protocol of the guide on model servers asks a server and reads it, whole and in pieces', async () => {
    await folder.write('llama-cpp.js', compiledProgram('docs/guides/model-servers.md', 'llama-cpp.ts'));
    await folder.write(
      'ask.js',
      `
import { createServer } from 'node:http';
import { LoadBalancedClient } from 'assaykit';
import { llamaCpp } from './llama-cpp.js';

const asked = [];
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const body = JSON.parse(text);
  asked.push([request.url, body]);
  const end = { stop: true, model: 'llama', stop_type: 'limit', tokens_evaluated: 7, tokens_predicted: 2 };
  if (body.prompt === 'nothing') return response.end('{}');
  if (body.stream !== true) return response.end(JSON.stringify({ ...end, content: 'Par' }));
  response.setHeader('content-type', 'text/event-stream');
  for (const piece of [{ content: 'P', stop: false }, { content: 'ar', stop: false }, { content: '', ...end }])
    response.write('data: ' + JSON.stringify(piece) + '\\n\\n');
  response.end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = 'http://127.0.0.1:' + server.address().port;
const client = new LoadBalancedClient({ endpoints: [url], protocol: llamaCpp, retry: { maxRetries: 0 } });
const parameters = { maxTokens: 2, temperature: 0 };
const whole = await client.complete({ input: 'Capital of France?', parameters });
const pieces = [];
for await (const event of client.stream({ input: 'Capital of France?', parameters })) pieces.push(event);
const failed = await client.complete({ input: 'nothing' }).catch((error) => error);
await client.close();
server.close();
console.log(JSON.stringify({
  asked: asked.slice(0, 2),
  whole: [whole.text, whole.finishReason, whole.usage, whole.model],
  texts: pieces.filter(({ type }) => type === 'text').map(({ text }) => text),
  streamed: pieces.at(-1).response.text,
  failed: failed.code,
}));
`,
    );
    const { status, stdout, stderr } = await folder.node('ask.js');
    expect([status, stderr]).toEqual([0, '']);
    const prompt = { prompt: 'Capital of France?', n_predict: 2, temperature: 0 };
    expect(JSON.parse(stdout)).toEqual({
      asked: [
        ['/completion', { ...prompt, stream: false }],
        ['/completion', { ...prompt, stream: true }],
      ],
      whole: ['Par', 'length', { inputTokens: 7, outputTokens: 2 }, 'llama'],
      texts: ['P', 'ar'],
      streamed: 'Par',
      failed: 'ASSAY_EMPTY_RESPONSE',
    });
  });
});
