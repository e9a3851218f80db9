// The pictures of pages in `docs/images`, from the examples: node scripts/screenshots.mjs (after a build; needs Linux on x64,
// or CHROMIUM with the path of a browser).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { BatchProcessor, createEvaluator, exactMatch, MemoryResultStore, RealTimeMonitor } from 'assaykit';
import { startDashboard } from 'assaykit/dashboard';

const root = fileURLToPath(new URL('..', import.meta.url));
const images = join(root, 'docs/images');
mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'assaykit-screenshots-'));
const executablePath =
  process.env.CHROMIUM ?? (await (await import('@sparticuz/chromium')).default.executablePath());
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const file = join(folder, 'report.html');
  execFileSync(process.execPath, [join(root, 'examples/html-report.mjs'), file], { stdio: 'inherit' });
  const open = async (colorScheme, height) => {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1120, height } });
    await page.goto(pathToFileURL(file).href);
    await page.locator('.story pre').first().waitFor();
    return page;
  };
  const light = await open('light', 1120);
  await light.screenshot({ path: join(images, 'report-light.png') });
  const dark = await open('dark', 860);
  await dark.locator('.cases button.link').first().click();
  await dark.locator('dialog h3').first().waitFor();
  await dark.screenshot({ path: join(images, 'report-dark.png') });
  await dashboard();
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

/** A run that is going on, and one that has ended against another. */
async function dashboard() {
  const store = new MemoryResultStore();
  const monitor = new RealTimeMonitor({ intervalMs: 100 });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const processorOf = (wrong) =>
    new BatchProcessor({
      store,
      target: async (question) => {
        const i = Number.parseInt(question);
        await wait(40 + ((i * 37) % 90));
        if (i % 90 === 3) throw new Error('the server is gone');
        return String(2 * i + (i % wrong === 1 ? 1 : 0));
      },
      evaluator: createEvaluator({ name: 'sums', version: '1', dimensions: { correct: exactMatch() } }),
      concurrency: 32,
    });
  const cases = (n) =>
    Array.from({ length: n }, (_, i) => ({
      id: `sum-${i}`,
      input: `${i} + ${i} =`,
      expected: String(2 * i),
    }));
  for (const [runId, wrong] of Object.entries({ monday: 7, tuesday: 5 }))
    await processorOf(wrong).run(cases(300), { runId });
  const processor = processorOf(6);
  monitor.watch(processor);
  monitor.start();
  const served = await startDashboard({ store, monitor, processor });
  const running = processor.run(cases(4000), { runId: 'wednesday' });
  const light = await browser.newPage({ colorScheme: 'light', viewport: { width: 1120, height: 860 } });
  await light.goto(served.url);
  await light.getByRole('link', { name: 'wednesday' }).waitFor();
  await wait(6000);
  await light.screenshot({ path: join(images, 'dashboard-light.png') });
  await processor.drain();
  await running;
  const dark = await browser.newPage({ colorScheme: 'dark', viewport: { width: 1120, height: 860 } });
  await dark.goto(`${served.url}#run/tuesday/monday`);
  await dark.locator('.cases button.link').first().waitFor();
  await dark.screenshot({ path: join(images, 'dashboard-dark.png') });
  await served.close();
  monitor.close();
}
