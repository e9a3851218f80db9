// The report of a large run: how long it takes to write, what memory that takes, how large the file is, and how fast a
// browser opens it and turns its pages.
//
//   npm run build && node bench/report/report-size.mjs [--cases 10000] [--baseline] [--no-browser]
//   node bench/report/report-size.mjs --cases 1000000 --no-browser        (writes about 1.3 GB to the temporary folder)
//
// The run is made by `append`, with questions, answers and reasons of the lengths of GSM8K; the report is then written by
// a process of its own, whose resident memory is looked at ten times a second. "flat": the growth from the first tenth of
// the time on.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../dist/foundation/seeded-random.js';
import { SqliteResultStore } from '../../dist/doors/sqlite.js';
import { writeHtmlReport } from '../../dist/doors/report.js';
import { keepCase } from '../../dist/stores/kept-case.js';
import { benchManifest } from '../stores/sample-rows.mjs';

const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    baseline: { type: 'boolean', default: false },
    'no-browser': { type: 'boolean', default: false },
    write: { type: 'string' }, // within the process that writes: the folder
  },
});
const CASES = Number(flags.cases);
const WORDS =
  'the a of and each how many in to she he they cost total price apples hours miles times per day week then sold bought left after first half'.split(
    ' ',
  );

function words(random, n) {
  return Array.from({ length: n }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}

async function fill(store, runId, seed) {
  const texts = seededRandom(7); // the same cases in both runs
  const random = seededRandom(seed);
  const manifest = { ...benchManifest(runId), evaluator: 'gsm8k' };
  await store.begin(manifest);
  for (let from = 0; from < CASES; from += 2000) {
    const results = [];
    const cases = [];
    for (let i = from; i < Math.min(CASES, from + 2000); i++) {
      const question = words(texts, 46);
      const number = Math.floor(texts() * 5000);
      const kept = keepCase({
        input: question,
        expected: String(number),
        group: `g${i % 8}`,
        metadata: undefined,
        cluster: undefined,
      });
      cases.push(kept);
      const right = random() < 0.7;
      const text = `${words(random, 55)} #### ${right ? number : number + 1}`;
      const score = right ? 1 : 0;
      const base = {
        runId,
        caseId: `case-${String(i).padStart(7, '0')}`,
        repetition: 0,
        group: `g${i % 8}`,
        model: 'bench',
        endpoint: null,
        attempts: 1,
        usage: { inputTokens: 80, outputTokens: 90 },
        cost: 0.0001,
        cached: false,
        timings: { queuedMs: 1, targetMs: 300 + 900 * random(), timeToFirstTokenMs: null, evaluationMs: 0.2 },
        startedAt: 1_700_000_000_000 + i,
        caseHash: kept.hash,
      };
      if (random() < 0.01) {
        const error = { code: 'ASSAY_OVERLOADED', message: 'the server is overloaded', retryable: true };
        results.push({ ...base, outcome: 'errored', error });
        continue;
      }
      const at = text.lastIndexOf(' ') + 1;
      results.push({
        ...base,
        outcome: 'scored',
        evaluation: {
          evaluator: 'gsm8k',
          version: '1',
          scoringHash: 'bench',
          overallScore: score,
          dimensions: [
            {
              name: 'accuracy',
              outcome: 'scored',
              score,
              reason: right ? 'the numbers are equal' : `expected ${number}`,
              evidence: [{ text: text.slice(at), start: at, end: text.length }],
              durationMs: 0.1,
            },
          ],
        },
        response: { text, finishReason: 'stop', requestId: null },
      });
    }
    await store.append(results, { cases });
  }
}

const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;

if (flags.write !== undefined) {
  const store = new SqliteResultStore(join(flags.write, 'results.db'));
  const sizes = [];
  const timer = setInterval(() => sizes.push(resident()), 100);
  const started = performance.now();
  const written = await writeHtmlReport(store, {
    runId: 'new',
    ...(flags.baseline ? { baselineRunId: 'old' } : {}),
    path: join(flags.write, 'report.html'),
  });
  const seconds = (performance.now() - started) / 1000;
  clearInterval(timer);
  await store.close();
  const later = sizes.slice(Math.ceil(sizes.length / 10));
  console.log(
    JSON.stringify({
      ...written,
      seconds,
      cpu: process.cpuUsage().user / 1e6,
      first: later[0],
      most: Math.max(...sizes),
    }),
  );
} else {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-bench-'));
  try {
    const store = new SqliteResultStore(join(folder, 'results.db'));
    const filling = performance.now();
    await fill(store, 'new', 1);
    if (flags.baseline) await fill(store, 'old', 2);
    await store.close();
    console.log(`${CASES} cases stored in ${((performance.now() - filling) / 1000).toFixed(1)} s`);
    const args = [fileURLToPath(import.meta.url), '--write', folder, '--cases', flags.cases];
    const child = spawn(process.execPath, flags.baseline ? [...args, '--baseline'] : args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) said += chunk;
    const { bytes, cases, seconds, cpu, first, most } = JSON.parse(said);
    console.log(
      `written in ${seconds.toFixed(1)} s (${cpu.toFixed(1)} s of CPU): ${(bytes / 1e6).toFixed(2)} MB with ${cases} cases; ` +
        `resident ${first?.toFixed(0) ?? '?'} MB after the first tenth, at most ${most.toFixed(0)} MB`,
    );
    if (!flags['no-browser']) await open(join(folder, 'report.html'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function open(path) {
  const { chromium } = await import('playwright-core');
  const { default: packed } = await import('@sparticuz/chromium');
  const executablePath = process.env.CHROMIUM ?? (await packed.executablePath());
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const times = { opened: [], paged: [], searched: [], detail: [] };
  for (let round = 0; round < 5; round++) {
    const page = await browser.newPage();
    let started = performance.now();
    await page.goto(pathToFileURL(path).href);
    await page.locator('.cases tbody tr').first().waitFor();
    times.opened.push(performance.now() - started);
    // Within the page, from the press to the next frame: the way of the message to the browser is not the page's.
    const timed = (press, expected) =>
      page.evaluate(
        async ([selector, until]) => {
          const began = performance.now();
          const target = document.querySelector(selector);
          if (target instanceof HTMLInputElement) target.dispatchEvent(new Event('input'));
          else target.click();
          while (!document.querySelector(until[0])?.textContent.includes(until[1]))
            await new Promise((resolve) => requestAnimationFrame(resolve));
          return performance.now() - began;
        },
        [press, expected],
      );
    times.paged.push(await timed('.pager button:last-child', ['.case-table [role=status]', '51–100']));
    times.detail.push(await timed('.cases button.link', ['dialog h3', 'Input']));
    await page.keyboard.press('Escape');
    started = performance.now();
    await page.getByLabel('Search').fill('#### 4711');
    await page
      .locator('.case-table [role=status]')
      .filter({ hasText: /of \d+ case|No case/ })
      .filter({ hasNotText: '51–100' })
      .waitFor();
    times.searched.push(performance.now() - started);
    await page.close();
  }
  await browser.close();
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  for (const [name, values] of Object.entries(times))
    console.log(`${name} in ${median(values).toFixed(0)} ms`);
}
