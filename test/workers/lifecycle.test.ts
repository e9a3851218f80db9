import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const dist = new URL('../../dist/', import.meta.url).href;
const faulty = new URL('./fixtures/faulty-evaluator.mjs', import.meta.url).href;

/** Runs a host script of its own; resolves to what it printed, once it has ended by itself. */
async function host(body: string, flags: readonly string[] = []): Promise<string> {
  const script = `
    import { workerEvaluator } from ${JSON.stringify(`${dist}workers/worker-evaluator.js`)};
    const open = (options) => workerEvaluator(${JSON.stringify(faulty)}, { workers: 2, ...options });
    const judge = (evaluator, text) => evaluator.evaluateText(text, { id: 'a', input: '' });
    ${body}`;
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    timeout: 50_000,
  });
  return stdout.trim();
}

describe('a host script with workers', () => {
  it.each(['threads', 'processes'])('has no %s left after close', async (runtime) => {
    const printed = await host(`
      const evaluator = await open({ runtime: '${runtime}', taskTimeoutMs: 200 });
      await judge(evaluator, 'ok');
      await judge(evaluator, 'spin').catch((error) => console.log(error.code));
      await evaluator.close();
      const left = () => process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort|Process|Timeout/.test(kind));
      for (let turn = 0; turn < 1000 && left().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify(left())); // a closed port is gone some turns later`);
    expect(printed).toBe('ASSAY_WORKER_TIMEOUT\n[]');
  });

  it.each(['threads', 'processes'])(
    'has working %s whatever flags of V8 it was started with',
    async (runtime) => {
      const body = `
      const evaluator = await open({ runtime: '${runtime}', memoryPerWorkerMb: 64 });
      console.log((await judge(evaluator, 'ok')).overallScore);
      await evaluator.close();`;
      expect(await host(body, ['--max-old-space-size=300', '--expose-gc', '--stack-trace-limit=20'])).toBe(
        '1',
      );
    },
  );

  it('ends by itself although it forgot to close', async () => {
    const printed = await host(`
      const evaluator = await open();
      console.log((await judge(evaluator, 'ok')).overallScore);`);
    expect(printed).toBe('1');
  });

  it('is not ended by a worker that fails while the pool is closed', async () => {
    const printed = await host(`
      for (let i = 0; i < 5; i++) {
        const evaluator = await open();
        await Promise.allSettled([judge(evaluator, 'late-crash'), judge(evaluator, 'late-reject')]);
        await evaluator.close();
      }
      console.log('still here');`);
    expect(printed).toBe('still here');
  });
});
