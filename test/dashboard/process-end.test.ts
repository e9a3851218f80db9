import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const doors = resolve(import.meta.dirname, '../../dist/doors');

/** Runs a script that has started a dashboard, over the built package, and a page that follows it. */
async function run(script: string, options = ''): Promise<string> {
  const text = `
    import { BatchProcessor, createEvaluator, MemoryResultStore } from ${JSON.stringify(`file://${doors}/index.js`)};
    import { startDashboard } from ${JSON.stringify(`file://${doors}/dashboard.js`)};
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { a: () => 1 } });
    const store = new MemoryResultStore();
    const processor = new BatchProcessor({ store, target: () => 'x', evaluator });
    const dashboard = await startDashboard({ processor, store, ${options} });
    process.on('exit', () => console.log('the end'));
    const follow = async (page) => {
      for await (const bytes of page.body) console.log(new TextDecoder().decode(bytes).slice(0, 6));
    };
    ${script}`;
  const args = ['--input-type=module', '--eval', text];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  return stdout;
}

it('keeps no process running by itself', async () => {
  const ran = "await processor.run([{ id: '1', input: 'q' }]); await processor.close(); console.log('ran');";
  expect(await run(ran)).toBe('ran\nthe end\n');
});

it('lets the process end once it is closed, also while pages follow and when it was to be kept running', async () => {
  const script = `
    const page = await fetch(dashboard.url.replace('/?', '/live?'));
    follow(page).catch(() => console.log('cut off'));
    setTimeout(async () => { await dashboard.close(); console.log('closed'); }, 300);`;
  const lines = (await run(script, 'keepAlive: true')).trim().split('\n');
  expect(lines[0]).toBe('data: ');
  expect(lines).toContain('closed');
  expect(lines.at(-1)).toBe('the end');
});
