import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import {
  startDashboard,
  type Dashboard,
  type DashboardOptions,
} from '../../src/dashboard/start-dashboard.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { RealTimeMonitor } from '../../src/monitor/real-time-monitor.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { axeViolations, hasChromium, useChromium } from './support/chromium.js';
import { INJECTIONS } from './support/injections.js';
import { storeRun } from './support/written-report.js';

const store = new MemoryResultStore();
const open: Dashboard[] = [];

async function start(options: DashboardOptions): Promise<Dashboard> {
  const dashboard = await startDashboard({ intervalMs: 50, ...options });
  open.push(dashboard);
  return dashboard;
}

const questions = Array.from({ length: 130 }, (_, i) => ({
  id: `case-${i}`,
  input: `What is ${i} and ${i}?`,
  expected: String(2 * i),
  group: i % 2 === 0 ? 'even' : 'odd',
}));
const dimensions = {
  correct: ({ output, expected }: { readonly output: string; readonly expected: string }) =>
    output.includes(`=${expected};`) ? 1 : { score: 0, reason: `expected ${expected}` },
  brevity: ({ output }: { readonly output: string }) => Math.max(0, 1 - output.length / 100),
};
const answerOf = (wrong: number) => (input: unknown) => {
  const i = Number(/\d+/.exec(input as string));
  if (i % 40 === 7) throw new Error('the server is gone');
  return `I add: =${2 * i + (i % wrong === 1 ? 1 : 0)}; that is it.`;
};

/** A run that waits at some of its cases until it is let go on. */
function heldRun(): {
  readonly processor: BatchProcessor<string, string>;
  readonly run: () => Promise<unknown>;
  readonly letGo: () => void;
} {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const processor = new BatchProcessor<string, string>({
    target: async (input) => {
      if (Number(/\d+/.exec(input)) >= 100) await held;
      return answerOf(5)(input);
    },
    evaluator: createEvaluator<string, string>({
      name: 'sample',
      version: '1',
      passThreshold: 0.5,
      dimensions,
    }),
    concurrency: 10,
    progressIntervalMs: 100,
  });
  return { processor, run: () => processor.run(questions, { runId: 'held' }), letGo };
}

describe.skipIf(!hasChromium)('the dashboard in a browser', () => {
  const browser = useChromium();
  beforeAll(async () => {
    for (const [runId, wrong] of [
      ['old', 13],
      ['new', 5],
    ] as const)
      await storeRun(store, { runId, cases: questions, dimensions, answer: answerOf(wrong) });
  });
  afterEach(async () => {
    for (const dashboard of open.splice(0)) await dashboard.close();
  });
  afterAll(() => store.close());

  it('follows a run while it goes on, and frees the connection when the page is closed', async () => {
    const { processor, run, letGo } = heldRun();
    const monitor = new RealTimeMonitor({ intervalMs: 100 });
    monitor.watch(processor);
    monitor.start();
    const dashboard = await start({ processor, monitor });
    const { page, problems } = await browser.open(dashboard.url);
    await page.getByText('No run has begun').waitFor();
    const running = run();
    const row = page.getByRole('row').filter({ hasText: 'held' });
    await expect.poll(() => row.textContent(), { timeout: 10_000 }).toMatch(/running100 of 130 \(76\.9 %\)/);
    expect(await row.textContent()).toMatch(/0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)97 scored, first 100 of 100/);
    await page.getByLabel('Errored cases by code').getByText('ASSAY_TARGET_FAILED').waitFor();
    await expect.poll(() => page.locator('figcaption').first().textContent()).toMatch(/^Now: finished /);
    letGo();
    await running;
    await expect.poll(() => row.textContent()).toMatch(/ended130 of 130 \(100\.0 %\)/);
    expect(problems).toEqual([]);

    expect(await connections(dashboard)).toBeGreaterThan(0);
    await page.context().close();
    await expect.poll(() => connections(dashboard), { timeout: 10_000 }).toBe(0);
    monitor.close();
    await processor.close();
  });

  it('lets go of the server while nobody sees the page, and comes back', async () => {
    const { processor } = heldRun();
    const dashboard = await start({ processor });
    const { page } = await browser.open(dashboard.url);
    await page.getByText('Following 0 runs.').waitFor();
    const turn = (hidden: boolean): Promise<void> =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    const asked = page.waitForRequest(/live/);
    await turn(true);
    await turn(false);
    await asked;
    await dashboard.close();
    await page.getByText('Not connected').waitFor();
    await page.context().close();
    await processor.close();
  });

  it.each(['light', 'dark'] as const)(
    'asks nobody but its server, breaks no rule of its policy and none of accessibility, %s',
    async (colorScheme) => {
      const { processor, run, letGo } = heldRun();
      const dashboard = await start({ processor, store });
      const running = run();
      const { page, problems, requests } = await browser.open(dashboard.url, { colorScheme });
      await page.getByRole('link', { name: 'held' }).waitFor();
      expect(page.url()).toBe(`http://127.0.0.1:${dashboard.port}/`);
      expect(await axeViolations(page)).toEqual([]);
      letGo();
      await running;
      await page.getByRole('link', { name: 'Runs' }).click();
      await page.getByRole('link', { name: 'new' }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('link', { name: 'new' }).click();
      await page.getByRole('heading', { name: 'Cases', exact: true }).waitFor();
      await page.locator('.cases button.link').first().waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByLabel('Compare with').selectOption('old');
      await page.getByRole('heading', { name: 'Against the baseline' }).waitFor();
      await page.locator('.cases button.link').first().click();
      await page.locator('dialog').getByRole('heading', { name: 'Against the baseline' }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      expect(problems).toEqual([]);
      const { origin } = new URL(dashboard.url);
      expect(requests.filter((address) => new URL(address).origin !== origin)).toEqual([]);
      await page.context().close();
      await processor.close();
    },
  );

  it('pages, filters and sorts the cases of a run in the store, and opens one', async () => {
    const dashboard = await start({ store });
    const { page } = await browser.open(`${dashboard.url}#run/new`);
    const status = page.locator('.case-table [role=status]');
    const names = page.locator('.cases th[scope=row] button');
    await expect.poll(() => status.textContent()).toBe('1–50');
    await page.getByRole('button', { name: 'Next →' }).click();
    await expect.poll(() => status.textContent()).toBe('51–100');
    await page.getByRole('button', { name: 'Next →' }).click();
    await expect.poll(() => status.textContent()).toBe('101–130 of 130 cases');
    await page.getByLabel('Outcome').selectOption('errored');
    await expect.poll(() => names.allTextContents()).toEqual(['case-7', 'case-47', 'case-87', 'case-127']);
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByLabel('Group', { exact: true }).selectOption('odd');
    await expect.poll(() => status.textContent()).toBe('1–13 of 13 cases');
    await page.getByLabel('Group', { exact: true }).selectOption('');
    await page.getByLabel('Outcome').selectOption('');
    await page.getByLabel('Score of').selectOption('brevity');
    await page.getByLabel('At most').fill('0.765');
    const scores = page.locator('.cases tbody td.number:nth-of-type(2)');
    await expect.poll(() => status.textContent()).toBe('1–50 of 78 cases'); // a page in the order of a score knows how many
    for (const text of await scores.allTextContents()) expect(Number(text)).toBeLessThanOrEqual(0.765);
    await page.getByLabel('At most').fill('');
    await page.getByLabel('Search').fill('what is 77 AND');
    await expect.poll(() => names.allTextContents()).toEqual(['case-77']);
    await names.first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('What is 77 and 77?').waitFor();
    await page.keyboard.press('Escape');
    await page
      .getByText('ASSAY_TARGET_FAILED')
      .locator('xpath=ancestor::article')
      .getByRole('button')
      .first()
      .click();
    await dialog.getByText('the server is gone').waitFor();
    await page.context().close();
  });

  it('can be used by keyboard alone, and keeps the focus while it updates', async () => {
    const { processor, run, letGo } = heldRun();
    const dashboard = await start({ processor, store });
    const running = run();
    const { page } = await browser.open(dashboard.url);
    await page.getByRole('link', { name: 'held' }).waitFor();
    const focused = page.locator(':focus');
    const reached: string[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      if ((await focused.count()) === 0) break;
      const name = await focused.evaluate(
        (element) => element.getAttribute('aria-label') ?? element.textContent,
      );
      reached.push(name ?? '');
      if (name === 'held') break;
    }
    expect(reached).toEqual(expect.arrayContaining(['Going on', 'Runs', 'Runs that are followed', 'held']));
    letGo();
    await running;
    await page.getByRole('row').filter({ hasText: 'held' }).filter({ hasText: 'ended' }).waitFor();
    expect(await focused.textContent()).toBe('held');
    await page.getByRole('link', { name: 'Runs' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'new' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.cases button.link').first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
    await page.keyboard.press('Escape');
    await page.goBack();
    await page.getByRole('link', { name: 'new' }).waitFor();
    await page.context().close();
    await processor.close();
  });

  it('fits a narrow screen', async () => {
    const { processor, run, letGo } = heldRun();
    const dashboard = await start({ processor, store });
    letGo();
    await run();
    const { page } = await browser.open(dashboard.url, { viewport: { width: 400, height: 800 } });
    const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);
    await page.getByRole('link', { name: 'held' }).waitFor();
    expect(await width()).toBeLessThanOrEqual(400);
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('link', { name: 'new' }).waitFor();
    expect(await width()).toBeLessThanOrEqual(400);
    await page.getByRole('link', { name: 'new' }).click();
    await page.locator('.cases button.link').first().waitFor();
    expect(await width()).toBeLessThanOrEqual(400);
    await page.context().close();
    await processor.close();
  });

  it('shows the hostile as text, wherever it stands', async () => {
    const hostile = new MemoryResultStore();
    const names = Object.fromEntries(
      [...INJECTIONS, '__proto__', 'constructor'].map((name) => [name, () => ({ score: 0.5, reason: name })]),
    );
    const bidi = 'abc\u202Edcba\u2066';
    for (const runId of [`${INJECTIONS[0]} old`, `${INJECTIONS[1]!} ${bidi}`])
      await storeRun(hostile, {
        runId,
        description: INJECTIONS[2]!,
        cases: INJECTIONS.map((text) => ({
          id: text,
          input: `${text} ${bidi}`,
          expected: text,
          group: text,
        })),
        dimensions: names,
        answer: (input) => {
          if (String(input).startsWith(INJECTIONS[3]!)) throw new Error(INJECTIONS[3]);
          return `${runId} ${String(input)}`;
        },
      });
    const processor = new BatchProcessor<string, string>({
      target: (input) => input,
      evaluator: createEvaluator<string, string>({ name: INJECTIONS[4]!, version: '1', dimensions: names }),
    });
    const dashboard = await start({ store: hostile, processor });
    const { page, problems, requests } = await browser.open(dashboard.url);
    await page.getByText('No run has begun').waitFor();
    await processor.run(
      INJECTIONS.map((text) => ({ id: text, input: text })),
      { runId: `${INJECTIONS[5]!} ${bidi}` },
    );
    await page.getByRole('link', { name: INJECTIONS[5]! }).waitFor();
    expect(await page.locator('.unseen').allTextContents()).toEqual(['U+202E', 'U+2066']);
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('link', { name: INJECTIONS[1]! }).click();
    await page.getByLabel('Compare with').selectOption({ label: `${INJECTIONS[0]} old` });
    await page.getByRole('heading', { name: 'Against the baseline' }).waitFor();
    for (let i = 0; i < INJECTIONS.length; i++) {
      await page.locator('.cases button.link').nth(i).click();
      await page.getByRole('dialog').getByRole('heading', { name: 'Answer' }).waitFor();
      await page.keyboard.press('Escape');
    }
    expect(await page.title()).toBe('assaykit dashboard');
    expect(await page.locator('img, iframe, base, object, embed, main script, main style').count()).toBe(0);
    expect(problems).toEqual([]);
    const { origin } = new URL(dashboard.url);
    expect(requests.filter((address) => new URL(address).origin !== origin)).toEqual([]);
    await page.context().close();
    await processor.close();
  });

  it('tells on the page what the store fails with, and who has no token', async () => {
    const closed = new MemoryResultStore();
    await closed.close();
    const dashboard = await start({ store: closed });
    const { page } = await browser.open(dashboard.url);
    await page.getByText('The runs could not be read').waitFor();
    await page.goto(`${dashboard.url}#run/a`);
    await page.getByText('The run could not be read').waitFor();
    await page.context().close();
    const stranger = await browser.open(`http://127.0.0.1:${dashboard.port}/`);
    expect(await stranger.page.textContent('body')).toContain('it holds a token');
    await stranger.page.context().close();
  });
});

/** Connections to a dashboard, as the kernel has them. */
async function connections({ port }: Dashboard): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines.filter((line) => line.includes(`: ${local}`) && / 01 /.test(line.slice(0, 60))).length;
}
